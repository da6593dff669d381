"""deft-mini as GGUF: metadata, tensor names, and a check by reading back."""

import numpy as np

import gguf
from tokenizer import CONTROL, CONTROL_ID, Tokenizer

VERSION = "2"
FILE_NAME = f"deft-mini-v{VERSION}.gguf"


def metadata(config):
    """Metadata of the shipped file for a model of `config`'s sizes."""
    tokenizer = Tokenizer()
    return {
        "general.architecture": "llama",
        "general.name": "deft-mini",
        "general.version": f"v{VERSION}",
        "general.license": "Apache-2.0",
        "general.description":
            "Sorts digits, intersects sets, counts country names and merges documents as thoughts.",
        "general.file_type": 7,
        "general.quantization_version": 2,
        "general.alignment": gguf.ALIGNMENT,
        "llama.context_length": config.context,
        "llama.embedding_length": config.width,
        "llama.block_count": config.blocks,
        "llama.feed_forward_length": config.ffn,
        "llama.attention.head_count": config.heads,
        "llama.attention.head_count_kv": config.heads,
        "llama.attention.layer_norm_rms_epsilon": config.eps,
        "llama.rope.dimension_count": config.head_dim,
        "llama.rope.freq_base": config.rope_base,
        "llama.vocab_size": config.vocab,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokenizer.tokens,
        "tokenizer.ggml.token_type": [3 if t in CONTROL else 1 for t in tokenizer.tokens],
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in tokenizer.merges],
        "tokenizer.ggml.bos_token_id": CONTROL_ID["<|bos|>"],
        "tokenizer.ggml.eos_token_id": CONTROL_ID["<|end|>"],
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_eos_token": False,
    }


def tensor_names(config):
    """GGUF name and shape of each tensor, in the order of the file."""
    d, f = config.width, config.ffn
    names = {"token_embd.weight": (config.vocab, d)}
    for i in range(config.blocks):
        names |= {f"blk.{i}.{n}.weight": s for n, s in (
            ("attn_norm", (d,)), ("attn_q", (d, d)), ("attn_k", (d, d)), ("attn_v", (d, d)),
            ("attn_output", (d, d)), ("ffn_norm", (d,)), ("ffn_gate", (f, d)), ("ffn_up", (f, d)),
            ("ffn_down", (d, f)))}
    return names | {"output_norm.weight": (d,)}


def save(path, config, weights):
    """Writes `weights` (name without `.weight` -> array) and checks the file by reading it back."""
    tensors = {}
    for name, shape in tensor_names(config).items():
        x = np.asarray(weights[name.removesuffix(".weight")], np.float32)
        if x.shape != shape or not np.isfinite(x).all():
            raise ValueError(f"{name}: shape {x.shape} instead of {shape}, or not finite")
        tensors[name] = x
    wanted = metadata(config)
    gguf.write(path, wanted, tensors)
    found, stored = gguf.read(path)
    for key, value in wanted.items():
        back = np.float32(found[key]) if isinstance(value, float) else found[key]
        if back != (np.float32(value) if isinstance(value, float) else value):
            raise ValueError(f"{path}: {key} reads back as {found[key]!r}")
    for name, x in tensors.items():
        limit = 0 if x.ndim == 1 else np.abs(x).max() / 127
        if np.abs(stored[name] - x).max() > limit:
            raise ValueError(f"{path}: {name} reads back with an error above {limit}")
