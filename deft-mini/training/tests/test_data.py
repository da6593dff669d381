import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import data  # noqa: E402
from data import DataConfig, NO_TARGET, make_batch  # noqa: E402
from tokenizer import DIGIT_0  # noqa: E402


class DataTest(unittest.TestCase):
    config = DataConfig(rows=4, row_length=2048, ramp_batches=0)

    def test_a_batch_depends_on_its_index_alone(self):
        a, b = make_batch(self.config, 7), make_batch(self.config, 7)
        np.testing.assert_array_equal(a, b)
        self.assertTrue((a != make_batch(self.config, 8)).any())

    def test_every_path_of_every_tree_follows_the_format(self):
        tokens, targets, positions, docs, segs, ancs = make_batch(self.config, 3)
        seen = {data.YES: 0, data.NO: 0}
        for row in range(4):
            for doc in range(docs[row].max()):
                at = np.flatnonzero(docs[row] == doc)
                for q in at:
                    visible = [k for k in at if k <= q and ancs[row, q] >> segs[row, k] & 1]
                    self.assertEqual(list(positions[row, visible]), list(range(len(visible))))
                    self.assertLess(positions[row, q], data.CONTEXT)
                    if targets[row, q] in seen:
                        seen[targets[row, q]] += 1
                        self.check_verdict(tokens[row, visible], targets[row, q])
        self.assertGreater(min(seen.values()), 5)

    def check_verdict(self, path, verdict):
        self.assertEqual(list(path[:2]), [data.BOS, data.LIST])
        self.assertEqual(path[-1], data.JUDGE)
        marks = [i for i, t in enumerate(path) if t in (data.SOLVE, data.IMPROVE, data.MERGE)]
        problem = path[2:marks[0]]
        problem = np.sort(problem[problem != data.SEP])
        attempt = path[marks[-1] + 1:-2]
        self.assertTrue(((problem >= DIGIT_0) & (problem < DIGIT_0 + 10)).all())
        self.assertEqual(path[-2], data.END)
        self.assertEqual(np.array_equal(problem, attempt), verdict == data.YES)

    def test_loss_stops_at_the_first_error(self):
        tree = data.Tree()
        root = tree.add(-1, data.list_tokens([2, 1, 1]))
        tree.attempt(root, data.SOLVE, np.array([1, 2]), np.array([1, 1, 2]))
        self.assertEqual(list(tree.targets[1]), [DIGIT_0 + 1, DIGIT_0 + 1, NO_TARGET, NO_TARGET])
        self.assertEqual(list(tree.targets[2]), [data.NO])

    def test_wrong_attempts_are_wrong(self):
        rng = np.random.default_rng(0)
        for _ in range(2000):
            problem = data.draw_list(rng, int(rng.integers(2, 30)))
            right = np.sort(problem)
            self.assertFalse(np.array_equal(data.wrong_attempt(rng, right, problem), right))

    def test_lists_cover_every_length(self):
        rng = np.random.default_rng(0)
        lengths = [data.draw_length(rng, data.MAX_DIGITS) for _ in range(20000)]
        self.assertEqual(set(lengths), set(range(2, data.MAX_DIGITS + 1)))


if __name__ == "__main__":
    unittest.main()
