import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import sets  # noqa: E402
import tree  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402


class SetsTest(unittest.TestCase):
    problem = np.array([137, 42, 7]), np.array([9, 42, 137, 12])

    def test_tokens_are_those_of_the_text(self):
        tokenizer = Tokenizer()
        text = "<|bos|><|intersect|>137 42 7<|sep|>9 42 137 12<|solve|>"
        self.assertEqual(list(sets.prompt(self.problem)), tokenizer.encode(text))
        self.assertEqual(list(sets.answer(self.problem)), tokenizer.encode("42 137"))
        self.assertEqual(list(sets.spaced(np.arange(256))), tokenizer.encode(" ".join(map(str, range(256)))))
        joined = sets.join_head([sets.spaced([42]), sets.spaced([7, 137])])
        self.assertEqual(list(joined), tokenizer.encode("<|merge|>42<|sep|>7 137<|solve|>"))

    def test_hints_tell_what_is_common(self):
        found = [(int(sets.root_tokens(self.problem)[i]), int(t)) for i, t in
                 enumerate(sets.hints(self.problem)) if t != tree.NO_TARGET]
        n, blank = sets.TOKEN, sets.BLANK
        self.assertEqual(found, [(n[9], tree.NO), (n[42], tree.YES), (blank, n[42]), (n[137], tree.YES),
                                 (blank, n[137]), (n[12], tree.NO)])

    def test_errors_are_those_of_graph_of_thoughts(self):
        def errors(*numbers):
            return sets.errors(self.problem, sets.spaced(np.array(numbers, np.int64)))
        self.assertEqual([errors(137, 42), errors(), errors(42, 42), errors(42, 137, 9)], [0, 2, 2, 1])
        self.assertEqual(sets.errors(self.problem, [sets.BLANK]), 4)

    def test_problems_are_sets_and_wrong_attempts_wrong(self):
        rng = np.random.default_rng(0)
        sizes = set()
        for i in range(3000):
            problem = sets.fresh(rng, (i % 5) / 4)
            for numbers in problem:
                self.assertEqual(len(numbers), len(set(numbers.tolist())))
                self.assertTrue(((numbers >= 0) & (numbers < 256)).all())
                sizes.add(len(numbers))
            self.assertEqual(sets.errors(problem, sets.answer(problem)), 0)
            self.assertGreater(sets.errors(problem, sets.spaced(sets.wrong_attempt(rng, problem))), 0)
        self.assertEqual(sizes, set(range(1, sets.LONGEST + 1)))

    def test_verdicts_of_examples_follow_the_problem(self):
        rng = np.random.default_rng(1)
        seen = {tree.YES: 0, tree.NO: 0}
        for _ in range(300):
            problem = sets.fresh(rng, 0.3)
            own = None
            if rng.random() < 0.5:
                own = problem, sets.spaced(sets.common_of(problem)[::-1])
            example = sets.example(rng, 0.3, None, own)
            for seg, tokens in enumerate(example.tokens):
                if tokens[0] == tree.JUDGE:
                    attempt = list(example.tokens[seg - 1])
                    first, second = np.split(example.tokens[0][2:],
                                             np.flatnonzero(example.tokens[0][2:] == tree.SEP))
                    problem = sets.numbers_of(first), sets.numbers_of(second[1:])
                    starts = [i for i, t in enumerate(attempt) if t in (tree.SOLVE, tree.IMPROVE)]
                    right = sets.errors(problem, attempt[starts[-1] + 1:-1]) == 0
                    verdict = int(example.targets[seg][0])
                    self.assertEqual(right, verdict == tree.YES)
                    seen[verdict] += 1
        self.assertGreater(min(seen.values()), 50)


if __name__ == "__main__":
    unittest.main()
