"""Writes quant-vectors.txt: for each type random blocks and what ggml's own Python package (gguf on
PyPI, MIT) makes of them. A line: type, the row's bytes, the values as bits of float32, in hex.
Scales are kept finite; everything else in a block is any bits. Run: python quant-vectors.py"""
import numpy as np, gguf

rng = np.random.default_rng(20261125)
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208]}
with open("quant-vectors.txt", "w") as out:
    for name in ["F16", "BF16", *HALVES]:
        t = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[t]
        for row in range(6):
            blocks = (64 if row < 4 else 33) if block == 1 else (2 if row < 4 else 3)
            raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
            for at in HALVES.get(name, [0] if name == "F16" else []):
                h = rng.standard_normal(blocks).astype(np.float16) * np.float16(0.01 if row % 2 else 3)
                raw[:, at:at + 2] = h.astype(np.float16).view(np.uint8).reshape(blocks, 2)
            if name == "BF16":
                bits = rng.standard_normal(blocks).astype(np.float32).view(np.uint32) >> 16
                raw = bits.astype(np.uint16).view(np.uint8).reshape(blocks, 2)
            flat = raw.reshape(1, -1)
            stored = flat.view(np.float16) if name == "F16" else flat
            values = gguf.quants.dequantize(stored, t).astype(np.float32).reshape(-1)
            bits = values.view(np.uint32).astype(">u4").tobytes().hex()
            out.write(f"{name} {flat.tobytes().hex()} {bits}\n")
