#!/usr/bin/env python3
"""Writes a GGUF file of random F16 weights in the shape of a known model, to measure speed with.

    random_model.py s135|l1b VOCABULARY.gguf OUT.gguf

The tokenizer is copied from VOCABULARY.gguf, whose size has to be the shape's: 49,152 for s135
(SmolLM2-135M), 128,256 for l1b (Llama-3.2-1B). llama-quantize makes other types of it. Needs numpy.
"""

import struct
import sys

import numpy

SHAPES = {
    # width, feed-forward, layers, heads, key/value heads, vocabulary, rotary base
    "s135": (576, 1536, 30, 9, 3, 49152, 100000.0),
    "l1b": (2048, 8192, 16, 32, 8, 128256, 500000.0),
}
F16 = 1
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9


def end(data, at, kind):
    """Where the value of this kind that begins at `at` ends."""
    if kind == STRING:
        return at + 8 + struct.unpack_from("<Q", data, at)[0]
    if kind == ARRAY:
        item, n = struct.unpack_from("<IQ", data, at)
        at += 12
        if item in SIZES:
            return at + n * SIZES[item]
        for _ in range(n):
            at = end(data, at, item)
        return at
    return at + SIZES[kind]


def tokenizer(path):
    """The metadata entries of the tokenizer, as they lie in the file."""
    data = open(path, "rb").read()
    n = struct.unpack_from("<Q", data, 16)[0]
    at = 24
    entries = []
    for _ in range(n):
        begin = at
        at = end(data, at, STRING)
        key = data[begin + 8 : at].decode()
        kind = struct.unpack_from("<I", data, at)[0]
        at = end(data, at + 4, kind)
        if key.startswith("tokenizer."):
            entries.append(data[begin:at])
    return entries


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def entry(key, value):
    if isinstance(value, str):
        return text(key) + struct.pack("<I", STRING) + text(value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    return text(key) + struct.pack("<II", 4, value)


def main(shape, vocabulary, out):
    width, ffn, layers, heads, kv, tokens, base = SHAPES[shape]
    dim = width // heads
    entries = [
        entry("general.architecture", "llama"),
        entry("general.name", shape),
        entry("general.file_type", F16),
        entry("llama.block_count", layers),
        entry("llama.context_length", 8192),
        entry("llama.embedding_length", width),
        entry("llama.feed_forward_length", ffn),
        entry("llama.attention.head_count", heads),
        entry("llama.attention.head_count_kv", kv),
        entry("llama.attention.layer_norm_rms_epsilon", 1e-5),
        entry("llama.rope.dimension_count", dim),
        entry("llama.rope.freq_base", base),
        entry("llama.vocab_size", tokens),
    ] + tokenizer(vocabulary)
    tensors = [("token_embd.weight", (width, tokens)), ("output_norm.weight", (width,))]
    for i in range(layers):
        p = f"blk.{i}."
        tensors += [
            (p + "attn_norm.weight", (width,)),
            (p + "attn_q.weight", (width, heads * dim)),
            (p + "attn_k.weight", (width, kv * dim)),
            (p + "attn_v.weight", (width, kv * dim)),
            (p + "attn_output.weight", (heads * dim, width)),
            (p + "ffn_norm.weight", (width,)),
            (p + "ffn_gate.weight", (width, ffn)),
            (p + "ffn_up.weight", (width, ffn)),
            (p + "ffn_down.weight", (ffn, width)),
        ]
    infos = b""
    offset = 0
    for name, dims in tensors:
        infos += text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
        infos += struct.pack("<IQ", 0 if len(dims) == 1 else F16, offset)
        size = dims[0] * 4 if len(dims) == 1 else dims[0] * dims[1] * 2
        offset += (size + 31) // 32 * 32
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries) + infos
    random = numpy.random.default_rng(1)
    with open(out, "wb") as f:
        f.write(head + bytes(-len(head) % 32))
        for _, dims in tensors:
            if len(dims) == 1:
                data = numpy.ones(dims[0], numpy.float32).tobytes()
                f.write(data + bytes(-len(data) % 32))
                continue
            for first in range(0, dims[1], 4096):
                rows = min(4096, dims[1] - first)
                values = random.standard_normal((rows, dims[0]), numpy.float32)
                f.write((values * dims[0] ** -0.5).astype(numpy.float16).tobytes())


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
