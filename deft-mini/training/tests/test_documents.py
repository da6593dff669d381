"""Merges: layout, labels and what is wanted after a mistake."""

import os
import random
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import documents  # noqa: E402
import english  # noqa: E402
import pool  # noqa: E402
from tree import ANSWER, CONTEXT, END, HINT, KINDS, NO, NO_TARGET, SEP, VERDICT, YES  # noqa: E402

SENTENCES = [
    "The boat left the harbour early in the morning.", "Nobody knew why the lamp in the tower was dark.",
    "Seven merchants sold salt, iron and cloth beside the gate.", "It rained for two days, and the road was lost.",
    "A teacher wrote the names of the stars on a wall.", "When winter came, the mill stood still.",
    "He asked the smith for a key to the old house.", "The letter was never opened by the man who got it.",
    "Bread was dear that year, and so was wool.", "They counted the sheep twice and found one missing."] * 6


def problem_of(*texts):
    return [[s.split() for s in english.sentences(t)] for t in texts]


def spelled(ids):
    return pool.tokenizer().decode([int(i) for i in ids])


class DocumentsTest(unittest.TestCase):
    def setUp(self):
        self.pool = pool.Pool([SENTENCES])

    def problems(self, count, part=0.4):
        rng = np.random.default_rng(5)
        return [documents.fresh(rng, part, self.pool) for _ in range(count)]

    def test_the_layout_is_that_of_the_java_test(self):
        problem = problem_of("1. The old bridge burned down. Nobody was hurt.",
                             "Nobody was hurt there.\nTeachers demand higher wages!", "The harvest failed; wages fell.")
        self.assertEqual(spelled(documents.prompt(problem)),
                         "<|bos|><|document|>The old bridge burned down.\nNobody was hurt."
                         "<|sep|>Nobody was hurt there.\nTeachers demand higher wages!"
                         "<|sep|>The harvest failed; wages fell.<|solve|>")
        self.assertEqual(spelled(documents.answer(problem)),
                         "The old bridge burned down.\nNobody was hurt.<|sep|>Teachers demand higher wages!<|sep|>"
                         "The harvest failed; wages fell.")

    def test_lines_have_the_tokens_of_their_text(self):
        for problem in self.problems(30):
            for document in problem:
                for line in document:
                    text = " ".join(line)
                    self.assertEqual(pool.tokens(line), list(pool.tokenizer().encode(text)))
                    self.assertEqual(pool.stems(line), english.content_words(text))
                    self.assertEqual(pool.words(line), english.words(text))
                    self.assertEqual(english.sentences(text), [text])

    def test_the_right_answer_is_what_is_uncovered_and_covers_all(self):
        for problem in self.problems(40):
            texts = ["\n".join(" ".join(line) for line in d) for d in problem]
            kept = english.uncovered(texts)
            self.assertEqual([[" ".join(line) for line in part] for part in documents.kept(problem)], kept)
            self.assertEqual(documents.score(problem, documents.answer(problem))[0], 1)

    def test_an_attempt_without_mistakes_is_the_right_answer(self):
        for problem in self.problems(20):
            ids, lines = documents.attempt(random.Random(1), problem, 0)
            self.assertEqual(ids[:-1], documents.answer(problem).tolist())
            self.assertEqual(documents.wanted(problem, ids), ids)
            self.assertEqual(lines, [line for part in documents.kept(problem) for line in part])

    def test_after_a_mistake_the_rest_follows_from_what_was_kept(self):
        different = 0
        for seed, problem in enumerate(self.problems(80)):
            ids, _ = documents.attempt(random.Random(seed), problem, 4)
            wanted = documents.wanted(problem, ids)
            goal = documents.answer(problem).tolist() + [END]
            self.assertEqual(len(ids), len(wanted))
            self.assertEqual(ids.count(SEP), len(problem) - 1)
            wrong = [i for i, (a, b) in enumerate(zip(ids, wanted)) if b != a]
            if ids == goal:
                self.assertEqual(wrong, [])
                continue
            different += 1
            # Up to the first mistake it is the right answer, and there the right one's token is wanted.
            self.assertEqual(ids[:wrong[0]], goal[:wrong[0]])
            self.assertEqual(wanted[wrong[0]], goal[wrong[0]])
            self.assertNotEqual(ids[wrong[0]], goal[wrong[0]])
        self.assertGreater(different, 40)

    def test_what_is_wanted_leads_to_a_full_merge(self):
        # Whatever was written of the first document, what is wanted in the second covers what is left of it.
        for seed, problem in enumerate(self.problems(40)):
            ids, _ = documents.attempt(random.Random(seed), problem, 6)
            for at in (i for i, token in enumerate(ids) if token == SEP):
                path = ids[:at + 1]
                while path[-1] != END:
                    path.append(documents.wanted(problem, path + [documents._NEW_LINE])[len(path)])
                    self.assertLess(len(path), 4000)
                    self.assertGreaterEqual(path[-1], 0)
                if at == ids.index(SEP):
                    later = [pool.stems(x) for d in problem[path[:at + 1].count(SEP):] for x in d]
                    merged = set(english.content_words(documents.read(problem, path[:-1]) or ""))
                    self.assertEqual(english.coverage(later, merged) if any(later) else 1, 1)
                break

    def test_a_lost_line_makes_its_duplicate_wanted(self):
        problem = problem_of("Red birds sing loudly.", "Loudly red birds sing.")
        first, second = (pool.tokens(d[0]) for d in problem)
        self.assertEqual(documents.wanted(problem, [SEP, END]), [first[0], second[0]])
        self.assertEqual(documents.wanted(problem, [SEP, *second, END]), [first[0], *second, END])
        # A line that breaks off is to be ended; one too much is to be ended as well.
        self.assertEqual(documents.wanted(problem, [*first[:-2], SEP, END])[len(first) - 2], first[-2])
        self.assertEqual(documents.wanted(problem, [*first, SEP, *second, END]), [*first, SEP, END, *second[1:], END])
        # Words from nowhere ask for nothing, parts too many neither.
        nowhere = pool.encode("quite different words")
        self.assertEqual(documents.wanted(problem, [*nowhere, SEP, END])[:len(nowhere)],
                         [first[0]] + [NO_TARGET] * (len(nowhere) - 1))
        self.assertEqual(documents.wanted(problem, [SEP, SEP, *second, END])[2:], [NO_TARGET] * (len(second) + 1))

    def test_verdicts_are_the_grade(self):
        rng = np.random.default_rng(3)
        seen = set()
        for _ in range(60):
            tree = documents.example(rng, 0.4, self.pool)
            root = tree.tokens[0].tolist()
            texts, part = [], []
            for i in root[2:] + [SEP]:
                if i == SEP:
                    texts.append(pool.tokenizer().decode(part))
                    part = []
                else:
                    part.append(i)
            for i, kind in enumerate(tree.kinds):
                if kind[0] % len(KINDS) != VERDICT:
                    continue
                attempt = tree.tokens[i - 1]
                tag = np.flatnonzero(np.isin(attempt, (documents.SOLVE, documents.IMPROVE)))[-1]
                merge = spelled(attempt[tag + 1:-1]).replace("<|sep|>", "\n")
                verdict = tree.targets[i][-1] == YES
                self.assertEqual(verdict, bool(merge.strip()) and english.solved(texts, merge))
                seen.add(verdict)
        self.assertEqual(seen, {True, False})

    def test_trees_fit_and_hints_tell_what_is_kept(self):
        rng = np.random.default_rng(4)
        for _ in range(25):
            tree = documents.example(rng, 1.0, self.pool)
            self.assertLessEqual(tree.length, CONTEXT)
            self.assertLessEqual(len(tree.tokens[0]), documents.MOST_PROBLEM + 2)
            self.assertEqual(tree.kinds[0][0] % len(KINDS), HINT)
            self.assertEqual(tree.kinds[1][0] % len(KINDS), ANSWER)
            self.assertTrue(set(tree.targets[0].tolist()) <= {YES, NO, NO_TARGET})
        problem = problem_of("Red birds sing.\nRed birds sang.", "Owls sing.\nOwls listen.")
        ids, hints = documents._hinted_root(problem)
        ends = [hints[i] for i, token in enumerate(ids) if token in (SEP, documents._NEW_LINE)]
        self.assertEqual(ends, [YES, YES, YES])
        ids, hints = documents._hinted_root(problem_of("Red birds sing.\nRed birds sing loudly.", "Owls sing."))
        self.assertEqual([hints[i] for i, t in enumerate(ids) if t in (SEP, documents._NEW_LINE)], [YES, NO])

    def test_every_token_is_copied_now_and_then(self):
        rng = random.Random(1)
        seen = {i for _ in range(60000) for i in pool.TABLE[pool.odd_chunk(rng)].spaced}
        self.assertGreater(len(seen), 2000)
        self.assertTrue(pool.encode("/")[0] in seen or pool.encode("/a")[0] in seen)

    def test_own_attempts_are_graded(self):
        problem = self.problems(1)[0]
        for tried, verdict in ((documents.answer(problem), None), (np.array([END]), NO)):
            tree = documents.example(np.random.default_rng(1), 1.0, self.pool, (problem, tried))
            label = tree.targets[2][0]
            self.assertEqual(label, YES if documents.right(problem, tried) else NO)
            self.assertIn(verdict, (None, label))


if __name__ == "__main__":
    unittest.main()
