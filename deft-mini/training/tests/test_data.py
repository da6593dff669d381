import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import sorting  # noqa: E402
import tree  # noqa: E402
from data import AttemptPool, DataConfig, make_batch  # noqa: E402
from tokenizer import DIGIT_0  # noqa: E402
from tree import NO_TARGET  # noqa: E402


class DataTest(unittest.TestCase):
    config = DataConfig(rows=4, row_length=2048, ramp_batches=0, mix=(("sorting", 1, 1),))

    def test_a_batch_depends_on_its_index_and_rank_alone(self):
        a, b = make_batch(self.config, 7), make_batch(self.config, 7)
        np.testing.assert_array_equal(a, b)
        self.assertTrue((a != make_batch(self.config, 8)).any())
        self.assertTrue((a != make_batch(self.config, 7, rank=1)).any())

    def test_every_path_of_every_tree_follows_the_format(self):
        tokens, targets, positions, docs, segs, ancs, _ = make_batch(self.config, 3)
        seen = {tree.YES: 0, tree.NO: 0}
        for row in range(4):
            for doc in range(docs[row].max()):
                at = np.flatnonzero(docs[row] == doc)
                for q in at:
                    visible = [k for k in at if k <= q and ancs[row, q] >> segs[row, k] & 1]
                    self.assertEqual(list(positions[row, visible]), list(range(len(visible))))
                    self.assertLess(positions[row, q], tree.CONTEXT)
                    if targets[row, q] in seen:
                        seen[targets[row, q]] += 1
                        self.check_verdict(tokens[row, visible], targets[row, q])
        self.assertGreater(min(seen.values()), 5)

    def check_verdict(self, path, verdict):
        self.assertEqual(list(path[:2]), [tree.BOS, sorting.LIST])
        self.assertEqual(path[-1], tree.JUDGE)
        marks = [i for i, t in enumerate(path) if t in (tree.SOLVE, tree.IMPROVE, tree.MERGE)]
        problem = path[2:marks[0]]
        problem = np.sort(problem[problem != tree.SEP])
        attempt = path[marks[-1] + 1:-2]
        self.assertTrue(((problem >= DIGIT_0) & (problem < DIGIT_0 + 10)).all())
        self.assertEqual(path[-2], tree.END)
        self.assertEqual(np.array_equal(problem, attempt), verdict == tree.YES)

    def test_own_attempts_take_part(self):
        problem, wrong = np.arange(10), np.full(3, DIGIT_0 + 9)
        tokens = make_batch(self.config, 1, pool=AttemptPool({"sorting": [(problem, wrong)]}))[0]
        text = " ".join(map(str, tokens.ravel()))
        wanted = " ".join(map(str, [sorting.LIST, *(problem + DIGIT_0), tree.SOLVE, *wrong, tree.END, tree.JUDGE]))
        self.assertTrue(wanted in text)

    def test_shares_of_tasks_are_met(self):
        config = DataConfig(ramp_batches=0, mix=(("sorting", 1, 1),))
        filled = np.mean([(make_batch(config, i)[0] != 0).mean() for i in range(3)])
        self.assertGreater(filled, 0.97)


class TreeTest(unittest.TestCase):
    def test_loss_stops_at_the_first_error(self):
        one = tree.Tree("sorting")
        root = one.add(-1, sorting.list_tokens([2, 1, 1]))
        right = np.array([1, 1, 2]) + DIGIT_0
        one.attempt(root, tree.SOLVE, np.array([1, 2]) + DIGIT_0, right)
        self.assertEqual(list(one.targets[1]), [DIGIT_0 + 1, DIGIT_0 + 1, NO_TARGET, NO_TARGET])
        self.assertEqual(list(one.targets[2]), [tree.NO])
        one.attempt(root, [tree.MERGE, DIGIT_0, tree.SOLVE], right, right)
        self.assertEqual(list(one.targets[3]), [NO_TARGET] * 2 + [*right, tree.END, NO_TARGET])
        self.assertEqual(list(one.targets[4]), [tree.YES])
        one.attempt(root, tree.SOLVE, right[:2], right)
        self.assertEqual(list(one.targets[5]), [*right, NO_TARGET])
        one.attempt(root, tree.SOLVE, np.append(right, DIGIT_0), right)
        self.assertEqual(list(one.targets[7]), [*right, tree.END, NO_TARGET, NO_TARGET])
        self.assertEqual(list(one.targets[8]), [tree.NO])

    def test_more_segments_than_a_mask_holds_are_refused(self):
        one = tree.Tree("sets")
        for _ in range(tree.MAX_SEGMENTS):
            one.add(-1, [1])
        self.assertGreater(np.int32(one.ancs[-1][0]), 0)
        with self.assertRaises(ValueError):
            one.add(-1, [1])


class SortingTest(unittest.TestCase):
    def test_wrong_attempts_are_wrong(self):
        rng = np.random.default_rng(0)
        for _ in range(2000):
            problem = sorting.draw_list(rng, int(rng.integers(2, 30)))
            right = np.sort(problem)
            self.assertFalse(np.array_equal(sorting.wrong_attempt(rng, right, problem), right))

    def test_lists_cover_every_length(self):
        rng = np.random.default_rng(0)
        lengths = [sorting.draw_length(rng, sorting.MAX_DIGITS) for _ in range(20000)]
        self.assertEqual(set(lengths), set(range(2, sorting.MAX_DIGITS + 1)))


if __name__ == "__main__":
    unittest.main()
