"""Reference outputs of a GGUF file for the engine's tests: numpy, float32, no KV cache."""

import argparse
import hashlib
import json

import numpy as np

import gguf
from tree import END
from tokenizer import Tokenizer


class Reference:
    """The Llama forward pass over dequantized weights, every token recomputed."""

    def __init__(self, path):
        meta, self.w = gguf.read(path)
        self.blocks = meta["llama.block_count"]
        self.heads = meta["llama.attention.head_count"]
        self.eps = np.float32(meta["llama.attention.layer_norm_rms_epsilon"])
        self.base = meta["llama.rope.freq_base"]

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.w[name]

    def rotate(self, x):
        half = x.shape[-1] // 2
        angle = np.arange(len(x))[:, None, None] * self.base ** (-np.arange(half) / half)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        a, b = x[..., ::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., ::2], out[..., 1::2] = a * cos - b * sin, a * sin + b * cos
        return out

    def logits(self, ids):
        """Logits after the last of `ids`."""
        w, x = self.w, self.w["token_embd.weight"][np.asarray(ids)]
        n = len(ids)
        future = np.triu(np.full((n, n), -np.inf, np.float32), 1)
        for i in range(self.blocks):
            p = f"blk.{i}."
            h = self.norm(x, p + "attn_norm.weight")
            q, k, v = ((h @ w[f"{p}attn_{c}.weight"].T).reshape(n, self.heads, -1) for c in "qkv")
            scores = np.einsum("qhd,khd->hqk", self.rotate(q), self.rotate(k))
            scores = scores / np.float32(np.sqrt(q.shape[-1])) + future
            weight = np.exp(scores - scores.max(-1, keepdims=True))
            weight /= weight.sum(-1, keepdims=True)
            attended = np.einsum("hqk,khd->qhd", weight, v).reshape(n, -1)
            x = x + attended @ w[p + "attn_output.weight"].T
            h = self.norm(x, p + "ffn_norm.weight")
            gate = h @ w[p + "ffn_gate.weight"].T
            inner = gate / (1 + np.exp(-gate)) * (h @ w[p + "ffn_up.weight"].T)
            x = x + inner @ w[p + "ffn_down.weight"].T
        return self.norm(x[-1], "output_norm.weight") @ w["token_embd.weight"].T


def prompts():
    """Named prompts: (name, text, tokens to continue)."""
    rng = np.random.default_rng(2024)

    def text(digits):
        return "".join(map(str, digits))

    short, long = rng.integers(0, 10, 16), rng.integers(0, 10, 64)
    right = np.sort(short)
    dropped = np.delete(right, 7)
    halves = text(np.sort(long[:32])), text(np.sort(long[32:]))
    root = f"<|bos|><|list|>{text(short)}"
    yield "solve-16", f"{root}<|solve|>", 20
    yield "solve-64", f"<|bos|><|list|>{text(long)}<|solve|>", 70
    yield "judge-right", f"{root}<|solve|>{text(right)}<|end|><|judge|>", 1
    yield "judge-wrong", f"{root}<|solve|>{text(dropped)}<|end|><|judge|>", 1
    yield "improve", f"{root}<|solve|>{text(dropped)}<|end|><|improve|>", 20
    yield ("judge-improved",
           f"{root}<|solve|>{text(dropped)}<|end|><|improve|>{text(right)}<|end|><|judge|>", 1)
    yield "merge", f"<|bos|><|list|>{halves[0]}<|sep|>{halves[1]}<|merge|>", 70
    yield "split", f"{root}<|split|>", 20


TEXTS = ("", "310254", "The Receiving Party shall not disclose Confidential Information.",
         "They travelled to Kazakhstan, didn't they?\n\n  Then home.", "[3, 14, 159]",
         "Z\u00fcrich \u6771\u4eac \u20ac5 \U0001F600", "<|bos|><|list|>31<|sep|>2<|merge|>")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf")
    parser.add_argument("json")
    args = parser.parse_args()
    model, tokenizer = Reference(args.gguf), Tokenizer()
    cases = []
    for name, text, limit in prompts():
        ids = tokenizer.encode(text)
        case = {"name": name, "prompt": text, "prompt_ids": ids}
        path, gap = list(ids), np.inf
        for step in range(limit):
            logits = model.logits(path)
            best = np.argsort(-logits)[:5]
            if step == 0:
                case["top5_logits_after_prompt"] = [[int(i), round(float(logits[i]), 5)] for i in best]
            gap = min(gap, float(logits[best[0]] - logits[best[1]]))
            path.append(int(best[0]))
            if path[-1] == END:
                break
        case["greedy_ids"] = path[len(ids):]
        case["greedy_text"] = tokenizer.decode(case["greedy_ids"])
        case["smallest_top1_top2_gap"] = round(gap, 5)
        print(case["name"], case["greedy_text"], case["smallest_top1_top2_gap"])
        cases.append(case)
    with open(args.gguf, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    result = {
        "sha256": digest, "tolerance": 0.01,
        "engine": "numpy, weights dequantized to float32, full recomputation per token",
        "cases": cases,
        "tokenizer": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS]}
    with open(args.json, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
