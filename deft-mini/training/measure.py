"""What the tasks' measurements share: attempts written by the model, its verdicts, and ranks."""

from collections import Counter

import numpy as np

from tree import END, NO, YES

_CHUNK_TOKENS = 1_000_000


def _chunks(prompts, room):
    """Slices of the prompts that fit into memory together, with as many places as they may need."""
    size = max(1, min(2048, _CHUNK_TOKENS // (max(map(len, prompts), default=1) + room)))
    return [slice(i, i + size) for i in range(0, len(prompts), size)]


def write(model, prompts, limit, temperature=0.0, generator=None, stop=END):
    """What the model writes after each prompt up to `stop`, as token lists of at most `limit`."""
    out = []
    for at in _chunks(prompts, limit):
        out += model.generate(prompts[at], limit, stop, temperature, generator)
    return out


def p_yes(model, prompts):
    """Probability of yes against no after each prompt, which ends in the judge tag."""
    out = [np.zeros(0)]
    for at in _chunks(prompts, 0):
        logits = model.prefill(prompts[at], 0)[0].float().cpu().numpy().astype(np.float64)
        out.append(1 / (1 + np.exp(logits[:, NO] - logits[:, YES])))
    return np.concatenate(out)


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
