"""Reference outputs of a GGUF file for the engine's tests: NumPy in float32."""

import argparse
import hashlib
import json
from collections import Counter

import numpy as np

import documents
import gguf
import keywords
import sets
import sorting
from tokenizer import DIGIT_0, Tokenizer
from tree import END, IMPROVE, JUDGE, MERGE, SOLVE


class Reference:
    """The Llama forward pass over dequantized weights."""

    def __init__(self, path):
        meta, self.w = gguf.read(path)
        self.blocks = meta["llama.block_count"]
        self.heads = meta["llama.attention.head_count"]
        self.eps = np.float32(meta["llama.attention.layer_norm_rms_epsilon"])
        self.base = meta["llama.rope.freq_base"]

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.w[name]

    def rotate(self, x, start):
        half = x.shape[-1] // 2
        angle = (start + np.arange(len(x)))[:, None, None] * self.base ** (-np.arange(half) / half)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        a, b = x[..., ::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., ::2], out[..., 1::2] = a * cos - b * sin, a * sin + b * cos
        return out

    def logits(self, ids, before=()):
        """Logits after the last of `ids`, and keys and values of all; `before` holds those of what precedes them."""
        w, x = self.w, self.w["token_embd.weight"][np.asarray(ids)]
        n, start, held = len(ids), len(before[0][0]) if before else 0, []
        future = np.triu(np.full((n, start + n), -np.inf, np.float32), start + 1)
        for i in range(self.blocks):
            p = f"blk.{i}."
            h = self.norm(x, p + "attn_norm.weight")
            q, k, v = ((h @ w[f"{p}attn_{c}.weight"].T).reshape(n, self.heads, -1) for c in "qkv")
            q, k = self.rotate(q, start), self.rotate(k, start)
            if before:
                k, v = np.concatenate((before[i][0], k)), np.concatenate((before[i][1], v))
            held.append((k, v))
            scores = np.einsum("qhd,khd->hqk", q, k)
            scores = scores / np.float32(np.sqrt(q.shape[-1])) + future
            weight = np.exp(scores - scores.max(-1, keepdims=True))
            weight /= weight.sum(-1, keepdims=True)
            attended = np.einsum("hqk,khd->qhd", weight, v).reshape(n, -1)
            x = x + attended @ w[p + "attn_output.weight"].T
            h = self.norm(x, p + "ffn_norm.weight")
            gate = h @ w[p + "ffn_gate.weight"].T
            inner = gate / (1 + np.exp(-gate)) * (h @ w[p + "ffn_up.weight"].T)
            x = x + inner @ w[p + "ffn_down.weight"].T
        return self.norm(x[-1], "output_norm.weight") @ w["token_embd.weight"].T, held


FIRST = """The Receiving Party shall keep the information secret.
This Agreement ends after two years.
Disputes are settled in the courts of Ohio."""
SECOND = """The agreement ends after two years.
Copies must be returned within thirty days.
The Receiving Party shall keep all the information secret."""
TRAVEL = ("Anna left Norway for Sweden, and her brother stayed in Norway. From Sweden she went to the United Kingdom,"
          " which reminded her of New Zealand and Norway.")


def problems():
    """(task, text of a problem as the tasks read it, its tokens)."""
    rng = np.random.default_rng(2024)
    digits = rng.integers(0, 10, 16)
    first, second = sets.draw_sets(rng, 12, 12, usual=True)
    lines = [[line.split() for line in d.split("\n")] for d in (FIRST, SECOND)]
    yield "sorting", str(digits.tolist()), sorting.list_tokens(digits)
    yield "set-intersection", f"{first.tolist()} {second.tolist()}", sets.root_tokens((first, second))
    yield "keyword-counting", TRAVEL, keywords.prompt(TRAVEL.split(" "))[:-1]
    yield "document-merging", f"{FIRST}\n<<< next document >>>\n{SECOND}", documents.root_tokens(lines)


def cases():
    """Named prompts: (name, tokens, how many to continue)."""
    rng = np.random.default_rng(2024)
    short, long = rng.integers(0, 10, 16), rng.integers(0, 10, 64)
    right, dropped = np.sort(short) + DIGIT_0, np.delete(np.sort(short), 7) + DIGIT_0
    yield "solve-16", sorting.prompt(short), 20
    yield "solve-64", sorting.prompt(long), 70
    tried = [np.concatenate((sorting.prompt(short), a, [END])) for a in (right, dropped)]
    yield "judge-right", np.append(tried[0], JUDGE), 1
    yield "judge-wrong", np.append(tried[1], JUDGE), 1
    yield "improve", np.append(tried[1], IMPROVE), 20
    yield "judge-improved", np.concatenate((tried[1], [IMPROVE], right, [END, JUDGE])), 1
    yield "merge", np.append(sorting.list_tokens(np.sort(long[:32]), np.sort(long[32:])), MERGE), 70
    yield "split", np.append(sorting.list_tokens(short), sorting.SPLIT), 20
    for task, _, ids in problems():
        if task != "sorting":
            yield task, np.append(ids, SOLVE), 100
    # Of some problems, so that one is among them of which the model is sure from end to end.
    for i in range(8):
        problem = sets.draw_sets(rng, 32, 32, usual=True)
        yield f"sets-32-{i}", sets.prompt(problem), 80
        held = sets.spaced(sets.wrong_attempt(rng, problem, edits=1))
        yield f"sets-improve-{i}", np.concatenate((sets.prompt(problem), held, [END, IMPROVE])), 80


SURE = 1.0  # logits by which the best token is ahead throughout: engines that add in other orders agree

TEXTS = ("", "310254", "The Receiving Party shall not disclose Confidential Information.",
         "They travelled to Kazakhstan, didn't they?\n\n  Then home.", "[3, 14, 159]", "7 42 255 256 1999 007",
         " Norway 2, United Kingdom 1, the Netherlands' Sweden's",
         "Z\u00fcrich \u6771\u4eac \u20ac5 \U0001F600", "<|bos|><|list|>31<|sep|>2<|merge|>")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf")
    parser.add_argument("json")
    args = parser.parse_args()
    model, tokenizer = Reference(args.gguf), Tokenizer()
    found, kinds = [], Counter()
    for name, ids, limit in cases():
        kind = name.rstrip("0123456789").rstrip("-") if name.startswith("sets-") else name
        if kinds[kind]:
            continue
        ids = [int(i) for i in ids]
        case = {"name": name, "prompt": tokenizer.decode(ids), "prompt_ids": ids}
        path, gap = list(ids), np.inf
        held = ()
        for step in range(limit):
            logits, held = model.logits(path[-1:] if held else path, held)
            best = np.argsort(-logits)[:5]
            if step == 0:
                case["top5_logits_after_prompt"] = [[int(i), round(float(logits[i]), 5)] for i in best]
            gap = min(gap, float(logits[best[0]] - logits[best[1]]))
            path.append(int(best[0]))
            if path[-1] == END or gap < SURE:
                break
        case["greedy_ids"] = path[len(ids):]
        case["greedy_text"] = tokenizer.decode(case["greedy_ids"])
        case["smallest_top1_top2_gap"] = round(gap, 5)
        print(case["name"], case["greedy_text"], case["smallest_top1_top2_gap"], flush=True)
        if gap > SURE:
            kinds[kind] += 1
            found.append(case)
    with open(args.gguf, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    result = {
        "sha256": digest, "tolerance": 0.01,
        "engine": "NumPy, weights dequantized to float32",
        "cases": found,
        "problems": [{"task": t, "problem": p, "ids": [int(i) for i in ids]} for t, p, ids in problems()],
        "tokenizer": [{"text": t, "ids": tokenizer.encode(t)} for t in TEXTS]}
    with open(args.json, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
