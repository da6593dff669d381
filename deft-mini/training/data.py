"""The mix of tasks, and batches: rows packed with trees of thoughts (`tree.py`).

Everything is a function of (seed, batch index, rank): a run can resume at any batch, with any number of
workers, and see the same data.

A module of a task has `example(rng, part, texts, own) -> Tree`. `part`, 0 to 1, says how far the ramp is
from the shortest problems to the longest; `texts` is what `texts.load` gives, or None; `own`, mostly None,
is a problem and the tokens of the model's own attempt at it. A module whose `fresh(rng, part, texts)` draws
a problem, `prompt(problem)` and `answer(problem)` give its tokens, and `right(problem, tokens)` grades an
answer, gets attempts of the model to learn from. `check(model, rng, texts)` gives figures during training,
`evaluate(model, rng, count, texts)` after it.
"""

import importlib
import pickle
from dataclasses import dataclass

import numpy as np

from tree import CONTEXT, NO_TARGET, TASKS, Tree

FIELDS = ("tokens", "targets", "positions", "docs", "segs", "ancs", "kinds")
NEEDS_TEXTS = ("keywords", "documents")
# Problems in a pool of the model's own attempts; documents would take too long.
POOL = {"sorting": 1024, "sets": 2048, "keywords": 512}
_FILL = ("sets", "sorting")  # short trees, which fit where long ones leave room
_MISSES = 10
_SMALLEST = 96


def module(task):
    """The module of a task."""
    return importlib.import_module(task)


@dataclass(frozen=True)
class DataConfig:
    """Shape of a batch, the shares of tasks, and the ramp of lengths over the first batches."""

    rows: int = 8
    row_length: int = CONTEXT
    ramp_batches: int = 1000
    seed: int = 1
    # Share of tokens by task, at the start and from the end of the ramp on.
    mix: tuple = (("documents", 0.1, 0.27), ("keywords", 0.2, 0.25), ("sets", 0.55, 0.32),
                  ("sorting", 0.15, 0.16))

    def part(self, index):
        """How far the ramp is at batch `index`, 0 to 1."""
        return min(1.0, index / max(1, self.ramp_batches))

    def shares(self, index):
        """Share of each task at batch `index`; the longest trees' task first."""
        part = self.part(index)
        total = sum(a + (b - a) * part for _, a, b in self.mix)
        return {task: (a + (b - a) * part) / total for task, a, b in self.mix}


class AttemptPool:
    """Attempts that the model itself made during training, for judge and improve to learn from."""

    def __init__(self, attempts):
        """`attempts`: for a task's name a list of (problem, tokens)."""
        self.attempts = attempts

    @staticmethod
    def load(path):
        with open(path, "rb") as f:
            return AttemptPool(pickle.load(f))

    def save(self, path):
        with open(path, "wb") as f:
            pickle.dump(self.attempts, f, protocol=pickle.HIGHEST_PROTOCOL)

    def draw(self, rng, task):
        """One of the task's, or None."""
        found = self.attempts.get(task)
        return found[rng.integers(len(found))] if found else None


class _Rows:
    """The rows of a batch while they fill."""

    def __init__(self, config):
        self.out = np.zeros((len(FIELDS), config.rows, config.row_length), np.int32)
        self.out[1] = NO_TARGET
        self.out[5] = 1
        self.used = np.zeros(config.rows, np.int64)
        self.docs = np.zeros(config.rows, np.int64)
        self.length = config.row_length

    def place(self, tree: Tree):
        """Puts a tree into the emptiest row; False if it does not fit."""
        row = int(np.argmin(self.used))
        if self.used[row] + tree.length > self.length:
            return False
        at = slice(self.used[row], self.used[row] + tree.length)
        for field, parts in ((0, tree.tokens), (1, tree.targets), (2, tree.positions),
                             (4, tree.segs), (5, tree.ancs), (6, tree.kinds)):
            self.out[field, row, at] = np.concatenate(parts)
        self.out[3, row, at] = self.docs[row]
        self.docs[row] += 1
        self.used[row] += tree.length
        return True

    def finish(self):
        for row, used in enumerate(self.used):
            self.out[3, row, used:] = self.docs[row]
        return self.out


def make_batch(config, index, rank=0, texts=None, pool=None):
    """Batch `index` of a process: int32 [FIELDS, rows, row_length]; an unused tail is a document of its own."""
    rng = np.random.default_rng((config.seed, index, rank))
    part = config.part(index)
    shares = {t: s for t, s in config.shares(index).items() if texts is not None or t not in NEEDS_TEXTS}
    whole = config.rows * config.row_length / sum(shares.values())
    rows = _Rows(config)

    def draw(task):
        own = pool.draw(rng, task) if pool is not None and rng.random() < 0.3 else None
        return module(task).example(rng, part, texts, own)

    for task, share in shares.items():
        budget, misses = share * whole, 0
        while misses < _MISSES:
            tree = draw(task)
            # In the mean over batches the budget is met, however long the trees are.
            if rng.random() * tree.length > budget:
                break
            if rows.place(tree):
                budget -= tree.length
            else:
                misses += 1
    misses = 0
    fill = [t for t in _FILL if t in shares]
    while misses < _MISSES and rows.used.min() < config.row_length - _SMALLEST:
        misses += not rows.place(draw(fill[rng.integers(len(fill))]))
    return rows.finish()


assert all(task in TASKS for task, _, _ in DataConfig.mix)
