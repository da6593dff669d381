package org.deft4j.engine.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;
import org.deft4j.tree.decode.TokenCodec;

/** Turns bytes that come in pieces to text, holding back unfinished code points. */
final class Utf8Stream implements TokenCodec.TextStream {
  private final IntFunction<byte[]> bytes;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  // At most 3 bytes wait for the rest of their code point.
  private ByteBuffer in = ByteBuffer.allocate(64);
  private CharBuffer out = CharBuffer.allocate(64);

  Utf8Stream(IntFunction<byte[]> bytes) {
    this.bytes = bytes;
  }

  @Override
  public String accept(int token) {
    byte[] b = bytes.apply(token);
    if (b.length == 0) {
      return "";
    }
    if (in.remaining() < b.length) {
      in = ByteBuffer.allocate((in.position() + b.length) * 2).put(in.flip());
    }
    in.put(b);
    return decode(false);
  }

  @Override
  public String finish() {
    String rest = decode(true);
    decoder.reset();
    return rest;
  }

  private String decode(boolean end) {
    if (out.capacity() < in.position() + 2) {
      out = CharBuffer.allocate(in.position() * 2);
    }
    in.flip();
    decoder.decode(in, out, end);
    if (end) {
      decoder.flush(out);
    }
    in.compact();
    String text = out.flip().toString();
    out.clear();
    return text;
  }
}
