"""Quality of a model on fresh random lists: greedy, best of 8, improve, judge, merge, split."""

import argparse
import json
import time
from collections import Counter

import numpy as np
import torch

import sorting
import gguf
from sorting import SPLIT
from tokenizer import DIGIT_0
from tree import END, IMPROVE, JUDGE, MERGE, NO, SOLVE, YES
from model import Model, ModelConfig


def load(path, device):
    """The model of a GGUF file, with its dequantized weights in float32."""
    _, tensors = gguf.read(path)
    model = Model(ModelConfig())
    model.load_state_dict(
        {k.removesuffix(".weight"): torch.from_numpy(np.array(x)) for k, x in tensors.items()})
    return model.to(device).eval()


def attempts(model, prompts, limit, temperature=0.0, generator=None, chunk=1024):
    """Digits the model writes after each prompt, as arrays; other tokens count as value -1."""
    out = []
    for i in range(0, len(prompts), chunk):
        for ids in model.generate(prompts[i:i + chunk], limit, END, temperature, generator):
            a = np.asarray(ids, np.int64) - DIGIT_0
            out.append(np.where((a >= 0) & (a < 10), a, -1))
    return out


def p_yes(model, prompts, chunk=1024):
    """Probability of yes against no after each prompt, which ends in the judge tag."""
    out = []
    for i in range(0, len(prompts), chunk):
        logits = model.prefill(prompts[i:i + chunk], 0)[0].float()
        out.append(torch.sigmoid(logits[:, YES] - logits[:, NO]).cpu().numpy())
    return np.concatenate(out)


def attempt_tokens(tag, digits):
    return np.concatenate(([tag], np.asarray(digits) + DIGIT_0, [END]))


def score_error(right, a):
    """Graph-of-Thoughts' score: wrong counts plus adjacent inversions."""
    if (a < 0).any():
        return len(right)
    wrong = np.abs(np.bincount(right, minlength=10) - np.bincount(a, minlength=10)).sum()
    return int(wrong + (np.diff(a) < 0).sum())


def auroc(positive, negative):
    """Chance that a positive outranks a negative; ties count half."""
    both = np.concatenate((positive, negative))
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    for value, count in Counter(both.tolist()).items():
        if count > 1:
            ranks[both == value] = ranks[both == value].mean()
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def one_edit(rng, right):
    """A wrong attempt, each kind of edit equally likely."""
    while True:
        a = sorting.EDITS[rng.integers(len(sorting.EDITS))](rng, right)
        if len(a) != len(right) or (a != right).any():
            return a


def same(a, b):
    return len(a) == len(b) and bool((a == b).all())


def exact(found, right):
    """The share of answers that are right."""
    return float(np.mean([same(a, r) for a, r in zip(found, right)]))


def after(roots, tried, tag):
    """Prompts that go on with `tag` after an attempt at each root."""
    return [np.concatenate((root, attempt_tokens(SOLVE, a), [tag])) for root, a in zip(roots, tried)]


def split_quality(model, lists):
    """How often a split keeps every digit in order with one cut, and where that cut falls."""
    n = len(lists[0])
    parts = attempts(model, [np.append(sorting.list_tokens(x), SPLIT) for x in lists], n + 5)
    kept, off = 0, Counter()
    for a, x in zip(parts, lists):
        cuts = np.flatnonzero(a < 0)
        if len(cuts) == 1 and same(np.delete(a, cuts), x):
            kept += 1
            off[f"{cuts[0] - sorting.split_point(n):+d}"] += 1
    return {"split_kept": kept / len(lists), "split_cut_off_by": dict(off.most_common())}


def evaluate(model, n, count, seed=999, samples=True, generator=None):
    """All measurements on `count` random lists of `n` digits."""
    rng = np.random.default_rng((seed, n))
    lists = [rng.integers(0, 10, n) for _ in range(count)]
    right = [np.sort(x) for x in lists]
    roots = [sorting.list_tokens(x) for x in lists]
    solve = [np.append(r, SOLVE) for r in roots]
    greedy = attempts(model, solve, n + 4)
    result = {
        "n": n, "lists": count,
        "greedy_exact": exact(greedy, right),
        "greedy_error": float(np.mean([score_error(r, a) for a, r in zip(greedy, right)])),
    }
    mistakes = Counter()
    for a, r in zip(greedy, right):
        if not same(a, r):
            inverted = int((np.diff(a) < 0).sum())
            mistakes[f"length{len(a) - n:+d} error{score_error(r, a)} inversions{inverted}"] += 1
    result["mistakes"] = dict(mistakes.most_common(5))
    if not samples:
        return result

    edited = [one_edit(rng, r) for r in right]
    fixed = attempts(model, after(roots, edited, IMPROVE), n + 4)
    result["improve_one_edit"] = exact(fixed, right)
    yes_good = p_yes(model, after(roots, right, JUDGE))
    yes_bad = p_yes(model, after(roots, edited, JUDGE))
    result["judge_auroc_one_edit"] = auroc(yes_good, yes_bad)
    result["judge_accuracy"] = float((np.mean(yes_good > 0.5) + np.mean(yes_bad <= 0.5)) / 2)

    tries = 8
    wide_roots = [r for r in roots for _ in range(tries)]
    wide_right = [r for r in right for _ in range(tries)]
    for temperature in (0.7, 1.0):
        prompts = [np.append(r, SOLVE) for r in wide_roots]
        sampled = attempts(model, prompts, n + 4, temperature, generator)
        ok = np.array([same(a, r) for a, r in zip(sampled, wide_right)])
        sampled = [np.maximum(a, 0) for a in sampled]
        judged = p_yes(model, after(wide_roots, sampled, JUDGE))
        best = judged.reshape(-1, tries).argmax(1) + np.arange(count) * tries
        key = f"t{temperature}"
        result[f"{key}_exact"] = float(ok.mean())
        result[f"{key}_best_of_8"] = float(ok.reshape(-1, tries).any(1).mean())
        result[f"{key}_judge_picks"] = float(ok[best].mean())
        bad = np.flatnonzero(~ok)[:count]
        if len(bad):
            if ok.any():
                result[f"{key}_judge_auroc_own"] = auroc(judged[ok], judged[~ok])
            prompts = after([wide_roots[i] for i in bad], [sampled[i] for i in bad], IMPROVE)
            again = attempts(model, prompts, n + 4)
            result[f"{key}_improve_own"] = exact(again, [wide_right[i] for i in bad])

    cut = sorting.split_point(n)
    halves = [sorting.list_tokens(np.sort(x[:cut]), np.sort(x[cut:])) for x in lists]
    merged = attempts(model, [np.append(h, MERGE) for h in halves], n + 4)
    result["merge_exact"] = exact(merged, right)
    result |= split_quality(model, lists)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--lengths", default="8,16,32,48,64,96,100,127,128")
    parser.add_argument("--lists", type=int, default=500)
    parser.add_argument("--json", help="also write the results here")
    parser.add_argument("--split-only", action="store_true", help="measure nothing but split")
    args = parser.parse_args()
    model = load(args.gguf, args.device)
    generator = torch.Generator(args.device).manual_seed(5)
    results = []
    for n in map(int, args.lengths.split(",")):
        start = time.time()
        if args.split_only:
            rng = np.random.default_rng((999, n))
            lists = [rng.integers(0, 10, n) for _ in range(args.lists)]
            print(n, split_quality(model, lists), flush=True)
            continue
        results.append(evaluate(model, n, args.lists, samples=n in (32, 64, 128), generator=generator))
        print(json.dumps(results[-1]), f"{time.time() - start:.1f} s", flush=True)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
