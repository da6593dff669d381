"""Trees of thoughts as training examples, laid out as they are decoded later.

The problem is the root, each attempt is a segment below it, an `improve` is a child of the attempt it
improves, a `judge` is a leaf of one token. Segments of one example share their ancestors' tokens, so a
problem is read once for all its attempts. Position ids follow the path from the root; `seg` numbers a
token's segment within its example and `anc` is the bit set of segments that the token may attend to.
"""

import numpy as np

from tokenizer import CONTROL_ID

BOS, END, SOLVE, IMPROVE, MERGE, JUDGE, SEP, YES, NO = (
    CONTROL_ID[f"<|{name}|>"]
    for name in ("bos", "end", "solve", "improve", "merge", "judge", "sep", "yes", "no"))

CONTEXT = 4096
NO_TARGET = -1
MAX_SEGMENTS = 31  # the bits of a positive int32

TASKS = ("sorting", "sets", "keywords", "documents")
# What a target is: a token of an answer, a judge's verdict, or a hint. A hint is a target on a token
# of the problem, where nothing is ever decoded: it teaches the model to hold there what answers need.
KINDS = ("answer", "verdict", "hint")
ANSWER, VERDICT, HINT = range(3)


class Tree:
    """One example of one task under construction."""

    def __init__(self, task):
        self.task = TASKS.index(task)
        self.tokens, self.targets, self.positions, self.segs, self.ancs, self.kinds = ([] for _ in range(6))
        self.ends, self.masks = [], []
        self.length = 0

    def add(self, parent, tokens, targets=None, kind=ANSWER):
        """Appends a segment below `parent` (-1: the root) and returns its number.

        `targets` has for each token what the model should say after it, or NO_TARGET.
        """
        seg = len(self.ends)
        if seg == MAX_SEGMENTS:
            raise ValueError(f"a tree has at most {MAX_SEGMENTS} segments")
        n = len(tokens)
        start = 0 if parent < 0 else self.ends[parent]
        mask = (1 << seg) | (0 if parent < 0 else self.masks[parent])
        self.tokens.append(np.asarray(tokens))
        self.targets.append(np.full(n, NO_TARGET) if targets is None else np.asarray(targets))
        self.positions.append(np.arange(start, start + n))
        self.segs.append(np.full(n, seg))
        self.ancs.append(np.full(n, mask))
        self.kinds.append(np.full(n, self.task * len(KINDS) + kind))
        self.ends.append(start + n)
        self.masks.append(mask)
        self.length += n
        return seg

    def attempt(self, parent, head, attempt, right, correct=None):
        """An attempt and the verdict on it; loss runs up to and including its first error.

        `head` is the tag before it or several tokens that end in it; `attempt` and `right` are token ids
        without the end. `correct` says if it is right though it may differ from `right`.
        """
        head = np.atleast_1d(head)
        tokens = np.concatenate((head, attempt, [END])).astype(np.int64)
        goal = np.append(right, END)
        targets = np.full(len(tokens), NO_TARGET)
        first = len(head) - 1
        shared = min(len(goal), len(attempt) + 1)
        different = np.flatnonzero(tokens[first + 1:first + 1 + shared] != goal[:shared])
        correct = same(attempt, right) if correct is None else correct
        scored = shared if len(different) == 0 else different[0] + 1
        targets[first:first + scored] = goal[:scored]
        seg = self.add(parent, tokens, targets)
        self.verdict(seg, correct)
        return seg

    def verdict(self, parent, correct):
        """The judge's question and what it should say."""
        return self.add(parent, [JUDGE], [YES if correct else NO], VERDICT)


def same(a, b):
    """Whether two token lists are equal."""
    return len(a) == len(b) and bool((np.asarray(a) == np.asarray(b)).all())


_R, _W = True, False
# Chains of attempts below one problem: (share, chains); a later attempt improves on the one before.
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


def chains(rng, tree, root, head, right, wrong, own=None, own_correct=None):
    """Attempts below `root`, first after `head`, then as improvements.

    `wrong()` makes the tokens of a wrong attempt; `own` is the model's own attempt at this problem, tried
    first, and `own_correct` whether it is right, if not by equality alone.
    """
    plan = PLANS[min(len(PLANS) - 1, np.searchsorted(_PLAN_WEIGHTS, rng.random(), "right"))][1]
    if own is not None:
        plan = ((None, _R),) if rng.random() < 0.6 else ((None,), (_R,))
    for chain in plan:
        parent, here, before = root, head, None
        for wanted in chain:
            if wanted is None:
                a = own
            elif wanted:
                a = right
            elif before is not None and rng.random() < 0.2:
                a = before
            else:
                a = wrong()
            correct = own_correct if wanted is None else None
            parent = tree.attempt(parent, here, a, right, correct)
            here, before = IMPROVE, None if correct or same(a, right) else a
