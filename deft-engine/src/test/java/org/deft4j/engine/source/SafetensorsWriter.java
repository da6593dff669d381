package org.deft4j.engine.source;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes small safetensors files for tests. */
public final class SafetensorsWriter {
  private final List<String> entries = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  /** Adds a tensor; shape slowest first. */
  public SafetensorsWriter tensor(String name, String type, byte[] bytes, int... shape) {
    String dims = java.util.Arrays.toString(shape);
    entries.add(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
            .formatted(name, type, dims, data.size(), data.size() + bytes.length));
    data.writeBytes(bytes);
    return this;
  }

  /** The file. */
  public byte[] bytes() {
    return file("{\"__metadata__\":{\"format\":\"pt\"}," + String.join(",", entries) + "}", data);
  }

  /** A file with any header. */
  public static byte[] file(String header, ByteArrayOutputStream data) {
    byte[] head = header.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(head.length).array());
    out.writeBytes(head);
    out.writeBytes(data.toByteArray());
    return out.toByteArray();
  }
}
