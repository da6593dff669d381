"""Training examples: packed rows of small trees of thoughts over random digit lists.

An example is a tree, laid out as it is decoded later: the list is the root, each attempt is a
segment below it, an `improve` is a child of the attempt it improves, a `judge` is a leaf of one
token. Segments of one example share their ancestors' tokens, so a list is read once for all its
attempts. Position ids follow the path from the root; `seg` numbers a token's segment within its
example and `anc` is the bit set of segments that the token may attend to.

Everything is a function of (seed, batch index): a run can resume at any batch, with any number of
workers, and see the same data.
"""

from dataclasses import dataclass

import numpy as np

from tokenizer import CONTROL_ID, DIGIT_0

BOS, END, LIST, SOLVE, IMPROVE, MERGE, SPLIT, JUDGE, SEP, YES, NO = (
    CONTROL_ID[f"<|{name}|>"]
    for name in ("bos", "end", "list", "solve", "improve", "merge", "split", "judge", "sep", "yes", "no"))

MAX_DIGITS = 136  # trained a little past the promised 128, so that 128 is not the edge
CONTEXT = 1024
NO_TARGET = -1


@dataclass(frozen=True)
class DataConfig:
    """Shape of a batch, and the ramp of list lengths over the first batches."""

    rows: int = 32
    row_length: int = 2048
    ramp_batches: int = 1000
    ramp_from: int = 20
    seed: int = 1

    def longest(self, index):
        """The longest list drawn in batch `index`."""
        part = min(1.0, index / max(1, self.ramp_batches))
        return int(self.ramp_from + (MAX_DIGITS - self.ramp_from) * part)


# ---------------------------------------------------------------- lists and attempts


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


# ---------------------------------------------------------------- trees of segments


class Tree:
    """One example under construction."""

    def __init__(self):
        self.tokens, self.targets, self.positions, self.segs, self.ancs = [], [], [], [], []
        self.ends, self.masks = [], []
        self.length = 0

    def add(self, parent, tokens, targets=None):
        """Appends a segment below `parent` (-1: the root) and returns its number."""
        seg = len(self.ends)
        n = len(tokens)
        start = 0 if parent < 0 else self.ends[parent]
        mask = (1 << seg) | (0 if parent < 0 else self.masks[parent])
        self.tokens.append(tokens)
        self.targets.append(np.full(n, NO_TARGET) if targets is None else targets)
        self.positions.append(np.arange(start, start + n))
        self.segs.append(np.full(n, seg))
        self.ancs.append(np.full(n, mask))
        self.ends.append(start + n)
        self.masks.append(mask)
        self.length += n
        return seg

    def attempt(self, parent, tag, attempt, right):
        """An attempt and the verdict on it; loss runs up to and including its first error."""
        tokens = np.empty(len(attempt) + 2, np.int64)
        tokens[0], tokens[1:-1], tokens[-1] = tag, attempt + DIGIT_0, END
        goal = np.append(right + DIGIT_0, END)
        targets = np.full(len(tokens), NO_TARGET)
        shared = min(len(goal), len(tokens) - 1)
        different = np.flatnonzero(tokens[1:1 + shared] != goal[:shared])
        correct = len(different) == 0 and len(goal) == len(tokens) - 1
        scored = shared if len(different) == 0 else different[0] + 1
        targets[:scored] = goal[:scored]
        seg = self.add(parent, tokens, targets)
        self.add(seg, np.array([JUDGE]), np.array([YES if correct else NO]))
        return seg


_R, _W = True, False
# Chains of attempts below one list: (share, chains); a later attempt in a chain improves on the one before.
PLANS = (
    (0.28, ((_R,),)),
    (0.24, ((_R,), (_W,), (_W,))),
    (0.17, ((_W, _R),)),
    (0.08, ((_R,), (_W, _R))),
    (0.08, ((_R, _R), (_W,))),
    (0.08, ((_W, _W, _R),)),
    (0.04, ((_W, _W, _W, _R),)),
    (0.03, ((_W, _R, _R),)),
)
_PLAN_WEIGHTS = np.cumsum([share for share, _ in PLANS])


def _chains(rng, tree, root, tag, problem, right, own=None):
    """Attempts below `root`; `own` is the model's own attempt at this problem, tried first."""
    plan = PLANS[min(len(PLANS) - 1, np.searchsorted(_PLAN_WEIGHTS, rng.random(), "right"))][1]
    if own is not None:
        plan = ((None, _R),) if rng.random() < 0.6 else ((None,), (_R,))
    for chain in plan:
        parent, here, before = root, tag, None
        for wanted in chain:
            if wanted is None:
                a = own
            elif wanted:
                a = right
            elif before is not None and rng.random() < 0.2:
                a = before
            else:
                a = wrong_attempt(rng, right, problem)
            parent = tree.attempt(parent, here, a, right)
            here, before = IMPROVE, (a if len(a) != len(right) or (a != right).any() else None)


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


def sort_example(rng, longest, pool=None):
    """A list with attempts to solve, improve and judge."""
    tree, own = Tree(), None
    if pool is not None and rng.random() < 0.3:
        digits, own = pool.draw(rng)
    else:
        digits = draw_list(rng, draw_length(rng, longest))
    root = tree.add(-1, list_tokens(digits))
    _chains(rng, tree, root, SOLVE, digits, np.sort(digits), own)
    return tree


def merge_example(rng, longest):
    """Two sorted lists (now and then with a mistake inside) and attempts to merge them."""
    tree = Tree()
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
    tree = Tree()
    digits = draw_list(rng, draw_length(rng, longest))
    cut = split_point(len(digits))
    root = tree.add(-1, list_tokens(digits))
    body = np.concatenate((digits[:cut] + DIGIT_0, [SEP], digits[cut:] + DIGIT_0, [END]))
    tree.add(root, np.concatenate(([SPLIT], body[:-1])), body)
    return tree


def example(rng, longest, pool=None):
    """A random example of any task."""
    r = rng.random()
    if r < 0.86:
        return sort_example(rng, longest, pool)
    return merge_example(rng, longest) if r < 0.95 else split_example(rng, longest)


# ---------------------------------------------------------------- packing


class AttemptPool:
    """Attempts that the model itself made during training, for judge and improve to learn from."""

    def __init__(self, digits, lengths, attempts, attempt_lengths):
        self.digits, self.lengths = digits, lengths
        self.attempts, self.attempt_lengths = attempts, attempt_lengths

    @staticmethod
    def load(path):
        with np.load(path) as f:
            return AttemptPool(f["digits"], f["lengths"], f["attempts"], f["attempt_lengths"])

    def draw(self, rng):
        i = rng.integers(len(self.lengths))
        return (self.digits[i, :self.lengths[i]].astype(np.int64),
                self.attempts[i, :self.attempt_lengths[i]].astype(np.int64))


FIELDS = ("tokens", "targets", "positions", "docs", "segs", "ancs")


def make_batch(config, index, pool=None):
    """Batch `index`: int32 [FIELDS, rows, row_length]; an unused tail is a document of its own."""
    rng = np.random.default_rng((config.seed, index))
    longest = config.longest(index)
    out = np.zeros((len(FIELDS), config.rows, config.row_length), np.int32)
    out[1] = NO_TARGET
    out[5] = 1
    used = np.zeros(config.rows, np.int64)
    docs = np.zeros(config.rows, np.int64)
    misses = 0
    while misses < 24:
        tree = example(rng, longest, pool)
        row = int(np.argmin(used))
        if used[row] + tree.length > config.row_length:
            misses += 1
            continue
        at = slice(used[row], used[row] + tree.length)
        for field, parts in ((0, tree.tokens), (1, tree.targets), (2, tree.positions),
                             (4, tree.segs), (5, tree.ancs)):
            out[field, row, at] = np.concatenate(parts)
        out[3, row, at] = docs[row]
        docs[row] += 1
        used[row] += tree.length
    for row in range(config.rows):
        out[3, row, used[row]:] = docs[row]
    return out
