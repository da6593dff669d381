"""Reads and writes the part of GGUF v3 that deft-mini needs: metadata, F32 and Q8_0 tensors."""

import struct

import numpy as np

F32, Q8_0 = 0, 8
ALIGNMENT = 32
_BLOCK = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", _UINT32: "I", _INT32: "i", _FLOAT32: "f", _BOOL: "?",
            10: "Q", 11: "q", 12: "d"}


def quantize(x):
    """Q8_0 as llama.cpp makes it: blocks of 32, scale max|x| / 127 in half precision."""
    blocks = np.ascontiguousarray(x, np.float32).reshape(-1, _BLOCK)
    scale = np.abs(blocks).max(1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse
    rounded = np.sign(scaled) * np.floor(np.abs(scaled) + np.float32(0.5))
    out = np.empty((len(blocks), 2 + _BLOCK), np.uint8)
    out[:, :2] = scale.astype("<f2").view(np.uint8)
    out[:, 2:] = rounded.astype(np.int8).view(np.uint8)
    return out.tobytes()


def dequantize(data, shape):
    """Float32 array of `shape` from Q8_0 bytes."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 2 + _BLOCK)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    return (blocks[:, 2:].copy().view(np.int8).astype(np.float32) * scale).reshape(shape)


def _string(s):
    data = s.encode()
    return struct.pack("<Q", len(data)) + data


def _value(v):
    """(type, bytes) of a metadata value: bool, int (uint32), float, str, or a list of one kind."""
    if isinstance(v, bool):
        return _BOOL, struct.pack("<?", v)
    if isinstance(v, int):
        return _UINT32, struct.pack("<I", v)
    if isinstance(v, float):
        return _FLOAT32, struct.pack("<f", v)
    if isinstance(v, str):
        return _STRING, _string(v)
    if all(isinstance(e, str) for e in v):
        return _ARRAY, struct.pack("<IQ", _STRING, len(v)) + b"".join(map(_string, v))
    return _ARRAY, struct.pack("<IQ", _INT32, len(v)) + struct.pack(f"<{len(v)}i", *v)


def write(path, metadata, tensors):
    """Writes `tensors` (name -> float array): vectors as F32, matrices as Q8_0."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        kind, data = _value(value)
        head += [_string(key), struct.pack("<I", kind), data]
    body, offset = [], 0
    for name, x in tensors.items():
        kind = Q8_0 if x.ndim == 2 else F32
        data = quantize(x) if kind == Q8_0 else np.ascontiguousarray(x, "<f4").tobytes()
        head += [_string(name), struct.pack(f"<I{x.ndim}Q", x.ndim, *reversed(x.shape)),
                 struct.pack("<IQ", kind, offset)]
        data += bytes(-len(data) % ALIGNMENT)
        body.append(data)
        offset += len(data)
    head = b"".join(head)
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % ALIGNMENT))
        f.writelines(body)


def read(path):
    """(metadata, tensors) of a file; Q8_0 tensors come dequantized to float32."""
    with open(path, "rb") as f:
        data = f.read()
    at = 0

    def take(fmt):
        nonlocal at
        out = struct.unpack_from("<" + fmt, data, at)
        at += struct.calcsize("<" + fmt)
        return out

    def string():
        nonlocal at
        n, = take("Q")
        s = data[at:at + n]
        if len(s) != n:
            raise ValueError(f"{path}: ends inside a string")
        at += n
        return s.decode()

    def value(kind):
        if kind == _STRING:
            return string()
        if kind == _ARRAY:
            element, n = take("IQ")
            return [value(element) for _ in range(n)]
        return take(_FORMATS[kind])[0]

    magic, version, count, keys = take("4sIQQ")
    if magic != b"GGUF" or version != 3:
        raise ValueError(f"{path}: not a GGUF v3 file")
    metadata = {string(): value(take("I")[0]) for _ in range(keys)}
    infos = []
    for _ in range(count):
        name = string()
        shape = tuple(reversed(take(f"{take('I')[0]}Q")))
        infos.append((name, shape, *take("IQ")))
    start = at + -at % ALIGNMENT
    tensors = {}
    for name, shape, kind, offset in infos:
        n = int(np.prod(shape))
        size = {F32: 4 * n, Q8_0: n // _BLOCK * (2 + _BLOCK)}[kind]
        raw = data[start + offset:start + offset + size]
        if len(raw) != size:
            raise ValueError(f"{path}: tensor {name} reaches past the end")
        tensors[name] = (np.frombuffer(raw, "<f4").reshape(shape) if kind == F32
                         else dequantize(raw, shape))
    return metadata, tensors
