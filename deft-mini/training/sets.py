"""Set intersection: two sets of numbers, the common ones in the order of the second.

`<|bos|><|intersect|>137 42 7<|sep|>9 42 137<|solve|>42 137<|end|>`, numbers from 0 to 255.
"""

import numpy as np

import measure
from tokenizer import CONTROL_ID, DIGIT_0, NUMBER_10
from tree import BOS, END, HINT, JUDGE, IMPROVE, MERGE, NO, NO_TARGET, SEP, SOLVE, YES, Tree, chains, same

INTERSECT = CONTROL_ID["<|intersect|>"]
BLANK = 220  # the byte of a blank
NUMBERS = 256
TOKEN = np.concatenate((np.arange(10) + DIGIT_0, np.arange(10, NUMBERS) - 10 + NUMBER_10))
_NUMBER = {int(t): n for n, t in enumerate(TOKEN)}

LONGEST = 72  # trained a little past the promised 64, so that 64 is not the edge
RAMP_FROM = 6


# ---------------------------------------------------------------- problems and attempts


def fresh(rng, part, texts=None):
    """Two sets of up to `longest` numbers; most share 25 to 75 % and come from twice as many numbers."""
    longest = int(RAMP_FROM + (LONGEST - RAMP_FROM) * part)
    low = 2 if rng.random() < 0.3 else max(2, longest // 3)
    n = int(rng.integers(low, longest + 1))
    m = n if rng.random() < 0.8 else int(rng.integers(1, longest + 1))
    return draw_sets(rng, n, m)


def draw_sets(rng, n, m, usual=False):
    """Sets of `n` and `m` numbers; `usual`: as the public files have them."""
    most = max(n, m)
    share = rng.uniform(0.25, 0.75) if usual or rng.random() < 0.85 else rng.random()
    common = int(round(min(n, m) * share))
    least = n + m - common
    largest = max(2 * most, least)
    if not usual and rng.random() < 0.45:
        largest = int(rng.integers(least, NUMBERS + 1))
    if rng.random() < 0.1 and not usual:
        numbers = rng.integers(0, NUMBERS - largest + 1) + rng.permutation(largest)
    else:
        numbers = rng.permutation(largest)
    first = numbers[:n]
    second = np.concatenate((first[:common], numbers[n:n + m - common]))
    return rng.permutation(first), rng.permutation(second)


def common_of(problem):
    """The right answer as numbers."""
    first, second = problem
    return second[np.isin(second, first)]


def spaced(numbers):
    """Tokens of numbers with blanks between."""
    out = np.full(max(0, 2 * len(numbers) - 1), BLANK)
    out[::2] = TOKEN[numbers]
    return out


def root_tokens(problem):
    """`<|bos|><|intersect|>`, the first set, `<|sep|>`, the second."""
    first, second = problem
    return np.concatenate(([BOS, INTERSECT], spaced(first), [SEP], spaced(second)))


def hints(problem):
    """Targets of the root: behind each number of the second set whether the first has it, and behind
    the blank after it the latest common number."""
    first, second = problem
    targets = np.full(2 + 2 * len(first) + 2 * len(second) - 1, NO_TARGET)
    inside = np.isin(second, first)
    latest = np.maximum.accumulate(np.where(inside, np.arange(len(second)), -1))
    part = targets[2 + 2 * len(first):]
    part[::2] = np.where(inside, YES, NO)
    part[1::2] = np.where(latest >= 0, TOKEN[second[latest]], NO_TARGET)[:-1]
    return targets


def prompt(problem):
    """What the model reads before it answers."""
    return np.append(root_tokens(problem), SOLVE)


def answer(problem):
    """The right answer's tokens without the end."""
    return spaced(common_of(problem))


def numbers_of(tokens):
    """The numbers of an answer's tokens, or None if it is no list of numbers."""
    tokens = np.asarray(tokens, np.int64)
    if len(tokens) == 0:
        return np.zeros(0, np.int64)
    numbers = [_NUMBER.get(int(t), -1) for t in tokens[::2]]
    ok = len(tokens) % 2 == 1 and min(numbers) >= 0 and (tokens[1::2] == BLANK).all()
    return np.array(numbers) if ok else None


def errors(problem, tokens):
    """Graph of Thoughts' errors: missing, superfluous and repeated numbers; unreadable: the larger set's size."""
    numbers = numbers_of(tokens)
    if numbers is None:
        return max(map(len, problem))
    right, named = set(common_of(problem).tolist()), set(numbers.tolist())
    return len(right ^ named) + len(numbers) - len(named)


def _edit(rng, problem, a):
    """One mistake: a number missing, superfluous, repeated or another one."""
    first, second = problem
    kind = rng.random()
    if len(a) and kind < 0.4:
        return np.delete(a, rng.integers(len(a)))
    if len(a) and kind < 0.5:
        return np.insert(a, rng.integers(len(a) + 1), a[rng.integers(len(a))])
    origin = rng.random()
    strangers = second[~np.isin(second, first)] if origin < 0.7 else first[~np.isin(first, second)]
    if origin < 0.1 or len(strangers) == 0:
        strangers = np.arange(NUMBERS)
    new = strangers[rng.integers(len(strangers))]
    if len(a) and kind < 0.65:
        a = a.copy()
        a[rng.integers(len(a))] = new
        return a
    # Where the order of the second set puts it, if it is from there.
    place = np.flatnonzero(second == new)
    at = rng.integers(len(a) + 1)
    if len(place):
        at = int(np.isin(a, second[:place[0]]).sum())
    return np.insert(a, at, new)


def wrong_attempt(rng, problem, edits=None):
    """Numbers that are not the intersection: 60 % by one edit, others by more, few by a lot."""
    right = common_of(problem)
    while True:
        if edits is None and rng.random() < 0.04:
            a = (right[:rng.integers(0, len(right) + 1)], *problem)[rng.integers(3)]
        else:
            a = right
            for _ in range(edits or (1, 2, 3)[np.searchsorted((0.6, 0.85), rng.random(), "right")]):
                a = _edit(rng, problem, a)
        if len(a) != len(right) or set(a.tolist()) != set(right.tolist()):
            return a


def example(rng, part, texts=None, own=None):
    """Two sets with attempts to solve, improve, join and judge."""
    problem, tried = own or (fresh(rng, part), None)
    right = answer(problem)
    tree = Tree("sets")
    root = tree.add(-1, root_tokens(problem), hints(problem), HINT)

    def wrong():
        return spaced(wrong_attempt(rng, problem))

    if tried is None and rng.random() < 0.08 * part:
        joined = [right if rng.random() < 0.25 else wrong() for _ in range(rng.integers(2, 5))]
        seg = tree.attempt(root, join_head(joined), right if rng.random() < 0.8 else wrong(), right)
        tree.attempt(seg, IMPROVE, right, right)
        return tree
    good = tried is not None and errors(problem, tried) == 0
    chains(rng, tree, root, SOLVE, right, wrong, tried, good)
    return tree


def join_head(answers):
    """`<|merge|>A<|sep|>B<|solve|>`, two to four answers."""
    parts = [[MERGE]]
    for i, a in enumerate(answers):
        parts += [[SEP], a] if i else [a]
    return np.concatenate((*parts, [SOLVE]))


# ---------------------------------------------------------------- quality


def evaluate(model, rng, count, texts=None):
    """Figures for sets of 32 and 64 numbers: greedy, best of 8, a small tree of thoughts, improve, judge."""
    result = {}
    for n in (32, 64):
        problems = [draw_sets(rng, n, n, usual=True) for _ in range(count)]
        result |= {f"{n}_{k}": v for k, v in _evaluate(model, rng, problems).items()}
    return result


def right(problem, tokens):
    """Whether an answer's tokens name the intersection, in any order."""
    return errors(problem, tokens) == 0


def check(model, rng, texts=None):
    """Greedy figures during training."""
    return {str(n): greedy_exact(model, rng, 256, n) for n in (16, 32, 64)}


def greedy_exact(model, rng, count, n):
    """The share of problems of `n` numbers that are solved greedily."""
    problems = [draw_sets(rng, n, n, usual=True) for _ in range(count)]
    out = measure.write(model, [prompt(p) for p in problems], 2 * n + 16)
    return float(np.mean([errors(p, a) == 0 for p, a in zip(problems, out)]))


def _evaluate(model, rng, problems):
    count, limit, tries = len(problems), 2 * len(problems[0][1]) + 16, 8
    prompts = [prompt(p) for p in problems]
    greedy = measure.write(model, prompts, limit)
    wrong = [errors(p, a) for p, a in zip(problems, greedy)]
    result = {"greedy_exact": float(np.mean(np.equal(wrong, 0))), "greedy_errors": float(np.mean(wrong))}
    result["greedy_in_order"] = float(np.mean([same(a, answer(p)) for p, a in zip(problems, greedy)]))

    def best(found):
        """Of `tries` attempts at each problem the one with the fewest errors, and its errors."""
        score = np.array([errors(problems[i // tries], a) for i, a in enumerate(found)]).reshape(-1, tries)
        at = score.argmin(1)
        return [found[i * tries + j] for i, j in enumerate(at)], score.min(1)

    held, score = best(measure.write(model, [p for p in prompts for _ in range(tries)], limit, 0.7))
    result["best_of_8"] = float(np.mean(score == 0))
    for level in range(2):
        paths = [np.concatenate((p, a, [END, IMPROVE])) for p, a in zip(prompts, held)]
        again, better = best(measure.write(model, [p for p in paths for _ in range(tries)], limit, 0.7))
        held = [b if s < t else a for a, b, s, t in zip(held, again, better, score)]
        score = np.minimum(score, better)
    result["tree_exact"] = float(np.mean(score == 0))

    edited = [spaced(wrong_attempt(rng, p, edits=1)) for p in problems]
    paths = [np.concatenate((p, a, [END])) for p, a in zip(prompts, edited)]
    fixed = measure.write(model, [np.append(p, IMPROVE) for p in paths], limit)
    result["improve_one_edit"] = float(np.mean([errors(p, a) == 0 for p, a in zip(problems, fixed)]))
    good = [np.concatenate((p, answer(q), [END, JUDGE])) for p, q in zip(prompts, problems)]
    yes_good = measure.p_yes(model, good)
    yes_bad = measure.p_yes(model, [np.append(p, JUDGE) for p in paths])
    result["judge_auroc_one_edit"] = measure.auroc(yes_good, yes_bad)
    heads = [join_head([spaced(wrong_attempt(rng, p, edits=1)) for _ in range(2)]) for p in problems]
    roots = [root_tokens(p) for p in problems]
    joined = measure.write(model, [np.concatenate((r, h)) for r, h in zip(roots, heads)], limit)
    result["join_exact"] = float(np.mean([errors(p, a) == 0 for p, a in zip(problems, joined)]))
    return result | {"problems": count}
