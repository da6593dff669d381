"""Sorting: random digit lists with attempts, merges of two sorted lists, and splits."""

import numpy as np

import measure
from tokenizer import CONTROL_ID, DIGIT_0
from tree import BOS, END, IMPROVE, JUDGE, MERGE, SEP, SOLVE, Tree, chains, same

LIST, SPLIT = CONTROL_ID["<|list|>"], CONTROL_ID["<|split|>"]

MAX_DIGITS = 136  # trained a little past the promised 128, so that 128 is not the edge
RAMP_FROM = 20


def draw_length(rng, longest):
    """Half uniform over the whole range, half over its upper two thirds."""
    low = 2 if rng.random() < 0.5 else max(2, longest // 3)
    return int(rng.integers(low, longest + 1))


def draw_list(rng, n):
    """`n` digits; mostly uniform, some from a random skewed distribution."""
    if rng.random() < 0.85:
        return rng.integers(0, 10, n)
    weights = rng.exponential(1.0, 10) ** rng.uniform(0.5, 2.0) + 1e-6
    return rng.choice(10, n, p=weights / weights.sum())


def edit_recount(rng, a):
    """One digit becomes another (mostly its neighbour in value), the order kept."""
    i = rng.integers(len(a))
    old = a[i]
    new = old + rng.choice((-1, 1)) if rng.random() < 0.7 else rng.integers(10)
    new = min(9, max(0, new))
    rest = np.delete(a, i)
    return np.insert(rest, np.searchsorted(rest, new), new)


def edit_replace(rng, a):
    """One digit becomes another where it stands."""
    a = a.copy()
    i = rng.integers(len(a))
    a[i] = (a[i] + rng.integers(1, 10)) % 10
    return a


def edit_swap_neighbours(rng, a):
    """Two unequal neighbours swap."""
    places = np.flatnonzero(a[1:] != a[:-1])
    if len(places) == 0:
        return edit_replace(rng, a)
    i = rng.choice(places)
    a = a.copy()
    a[i], a[i + 1] = a[i + 1], a[i]
    return a


def edit_swap(rng, a):
    """Two digits anywhere swap (they may be equal)."""
    a = a.copy()
    i, j = rng.integers(len(a), size=2)
    a[i], a[j] = a[j], a[i]
    return a


def edit_drop(rng, a):
    """One digit is lost."""
    return np.delete(a, rng.integers(len(a)))


def edit_insert_sorted(rng, a):
    """One digit too many, the order kept."""
    new = a[rng.integers(len(a))] if rng.random() < 0.7 else rng.integers(10)
    return np.insert(a, np.searchsorted(a, new), new)


def edit_insert(rng, a):
    """One random digit too many, anywhere."""
    return np.insert(a, rng.integers(len(a) + 1), rng.integers(10))


EDITS = (edit_recount, edit_drop, edit_insert_sorted, edit_replace, edit_swap_neighbours, edit_swap,
         edit_insert)
_EDIT_WEIGHTS = np.cumsum((0.32, 0.2, 0.2, 0.1, 0.08, 0.05, 0.05))


def wrong_attempt(rng, right, problem, edits=None):
    """An attempt that differs from `right`: 60 % by one edit, others by more, few by a lot."""
    while True:
        if edits is None and rng.random() < 0.05:
            kind = rng.integers(3)
            if kind == 0:
                a = problem.copy()
            elif kind == 1:
                a = right[:rng.integers(0, len(right) + 1)]
            else:
                a = np.sort(draw_list(rng, len(right)))
        else:
            count = edits or (1, 2, 3)[np.searchsorted((0.6, 0.85), rng.random(), "right")]
            a = right
            for _ in range(count):
                if len(a) > 1:
                    edit = EDITS[np.searchsorted(_EDIT_WEIGHTS, rng.random(), "right")]
                    a = edit(rng, a)
        if len(a) != len(right) or (a != right).any():
            return a


def _chains(rng, tree, root, tag, problem, right, own=None):
    chains(rng, tree, root, tag, right + DIGIT_0,
           lambda: wrong_attempt(rng, right, problem) + DIGIT_0, own)


def list_tokens(*lists):
    """`<|bos|><|list|>digits`, several lists parted by `<|sep|>`."""
    parts = [np.array([BOS, LIST])]
    for i, digits in enumerate(lists):
        if i:
            parts.append(np.array([SEP]))
        parts.append(np.asarray(digits, np.int64) + DIGIT_0)
    return np.concatenate(parts)


def split_point(n):
    """How many digits the first part of a split list has."""
    return (n + 1) // 2


def longest_at(part):
    """The longest list, `part` of the way through the ramp."""
    return int(RAMP_FROM + (MAX_DIGITS - RAMP_FROM) * part)


def fresh(rng, part, texts=None):
    """A list to be sorted."""
    return draw_list(rng, draw_length(rng, longest_at(part)))


def prompt(digits):
    """What the model reads before it answers."""
    return np.append(list_tokens(digits), SOLVE)


def answer(digits):
    """The right answer's tokens without the end."""
    return np.sort(digits) + DIGIT_0


def sort_example(rng, part, own=None):
    """A list with attempts to solve, improve and judge."""
    tree = Tree("sorting")
    digits, tried = own or (fresh(rng, part), None)
    root = tree.add(-1, list_tokens(digits))
    _chains(rng, tree, root, SOLVE, digits, np.sort(digits), tried)
    return tree


def merge_example(rng, longest):
    """Two sorted lists (now and then with a mistake inside) and attempts to merge them."""
    tree = Tree("sorting")
    digits = draw_list(rng, draw_length(rng, longest))
    cut = split_point(len(digits)) if rng.random() < 0.7 else int(rng.integers(1, len(digits)))
    first, second = np.sort(digits[:cut]), np.sort(digits[cut:])
    if rng.random() < 0.1 and len(first) > 2:
        first = wrong_attempt(rng, first, digits[:cut], edits=1)
    digits = np.concatenate((first, second))
    root = tree.add(-1, list_tokens(first, second))
    _chains(rng, tree, root, MERGE, digits, np.sort(digits))
    return tree


def split_example(rng, longest):
    """A list cut into two halves, each in its given order."""
    tree = Tree("sorting")
    digits = draw_list(rng, draw_length(rng, longest))
    cut = split_point(len(digits))
    root = tree.add(-1, list_tokens(digits))
    body = np.concatenate((digits[:cut] + DIGIT_0, [SEP], digits[cut:] + DIGIT_0, [END]))
    tree.add(root, np.concatenate(([SPLIT], body[:-1])), body)
    return tree


def example(rng, part, texts=None, own=None):
    """An example of any kind.

    Lists have up to `longest_at(part)` digits; `own` is a list and the tokens of the model's own attempt.
    """
    r = 0 if own is not None else rng.random()
    if r < 0.86:
        return sort_example(rng, part, own)
    longest = longest_at(part)
    return merge_example(rng, longest) if r < 0.95 else split_example(rng, longest)

# ---------------------------------------------------------------- quality


def right(digits, tokens):
    """Whether an answer's tokens are right."""
    return same(tokens, answer(digits))


def score_error(digits, tokens):
    """Graph of Thoughts' score: wrong counts plus adjacent inversions; unreadable: the list's length."""
    a = np.asarray(tokens, np.int64) - DIGIT_0
    if ((a < 0) | (a > 9)).any():
        return len(digits)
    wrong = np.abs(np.bincount(digits, minlength=10) - np.bincount(a, minlength=10)).sum()
    return int(wrong + (np.diff(a) < 0).sum())


def one_edit(rng, sorted_digits):
    """A wrong attempt, each kind of edit equally likely."""
    while True:
        a = EDITS[rng.integers(len(EDITS))](rng, sorted_digits)
        if not same(a, sorted_digits):
            return a


def check(model, rng, texts=None):
    """Greedy figures during training."""
    return {str(n): greedy_exact(model, rng, 256, n) for n in (64, 128)}


def greedy_exact(model, rng, count, n):
    """The share of lists of `n` digits that are sorted greedily."""
    lists = [rng.integers(0, 10, n) for _ in range(count)]
    out = measure.write(model, [prompt(x) for x in lists], n + 4)
    return float(np.mean([right(x, a) for x, a in zip(lists, out)]))


def evaluate(model, rng, count, texts=None, lengths=(32, 64, 128)):
    """Figures for lists of these lengths: greedy, samples, improve, judge, merge, split."""
    result = {}
    for n in lengths:
        result |= {f"{n}_{k}": v for k, v in _evaluate(model, rng, count, n).items()}
    return result


def _evaluate(model, rng, count, n):
    lists = [rng.integers(0, 10, n) for _ in range(count)]
    prompts = [prompt(x) for x in lists]

    def exact(found, of=lists):
        return float(np.mean([right(x, a) for x, a in zip(of, found)]))

    greedy = measure.write(model, prompts, n + 4)
    result = {"lists": count, "greedy_exact": exact(greedy),
              "greedy_error": float(np.mean([score_error(x, a) for x, a in zip(lists, greedy)]))}
    edited = [one_edit(rng, np.sort(x)) + DIGIT_0 for x in lists]
    paths = [np.concatenate((p, a, [END])) for p, a in zip(prompts, edited)]
    result["improve_one_edit"] = exact(measure.write(model, [np.append(p, IMPROVE) for p in paths], n + 4))
    good = [np.concatenate((p, answer(x), [END, JUDGE])) for p, x in zip(prompts, lists)]
    yes_good = measure.p_yes(model, good)
    yes_bad = measure.p_yes(model, [np.append(p, JUDGE) for p in paths])
    result["judge_auroc_one_edit"] = measure.auroc(yes_good, yes_bad)
    result["judge_accuracy"] = float((np.mean(yes_good > 0.5) + np.mean(yes_bad <= 0.5)) / 2)
    tries = 4
    wide = [x for x in lists for _ in range(tries)]
    for temperature in (0.7, 1.0):
        found = measure.write(model, [prompt(x) for x in wide], n + 4, temperature)
        result[f"samples_exact_t{temperature}"] = exact(found, wide)
    cut = split_point(n)
    halves = [np.append(list_tokens(np.sort(x[:cut]), np.sort(x[cut:])), MERGE) for x in lists]
    result["merge_exact"] = exact(measure.write(model, halves, n + 4))
    parts = measure.write(model, [np.append(list_tokens(x), SPLIT) for x in lists], n + 5)
    kept = [a.count(SEP) == 1 and same([t for t in a if t != SEP], x + DIGIT_0) for a, x in zip(parts, lists)]
    result["split_kept"] = float(np.mean(kept))
    return result
