"""Keyword counting: layout, mentions, labels and what is wanted after a mistake."""

import os
import random
import sys
import unittest
from collections import Counter

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import keywords  # noqa: E402
import pool  # noqa: E402
from tree import CONTEXT, END, IMPROVE, KINDS, NO_TARGET, SOLVE, VERDICT, YES  # noqa: E402

SENTENCES = ["The boat left the harbour early in the morning.", "Nobody knew why the lamp in the tower was dark.",
             "He bought salt, iron and cloth beside the old gate of Egypt.", "When winter came, the mill stood still."] * 9
TEXT = "From Norway to Sweden and back to Norway by way of South Korea."


def spelled(ids):
    return pool.tokenizer().decode([int(i) for i in ids])


class KeywordsTest(unittest.TestCase):
    def setUp(self):
        self.pool = pool.Pool([SENTENCES])

    def test_the_layout_is_that_of_the_java_test(self):
        chunks = TEXT.split(" ")
        self.assertEqual(spelled(keywords.prompt(chunks)), f"<|bos|><|count|>{TEXT}<|solve|>")
        self.assertEqual(spelled(keywords.answer(chunks)),
                         " Norway, Sweden, Norway, South Korea<|answer|> Norway 2, Sweden 1, South Korea 1")

    def test_texts_and_answers_have_the_tokens_of_their_spelling(self):
        rng = np.random.default_rng(2)
        for _ in range(60):
            chunks = keywords.fresh(rng, 0.5, self.pool)
            text = keywords.text_of(chunks)
            self.assertEqual(keywords.text_tokens(chunks), list(pool.tokenizer().encode(text)))
            for part in spelled(keywords.answer(chunks)).split("<|answer|>"):
                encoded = list(pool.tokenizer().encode(part))
                ids = keywords.answer(chunks).tolist()
                at = ids.index(keywords.COUNTS)
                self.assertIn(encoded, (ids[:at], ids[at + 1:]))

    def test_mentions_are_whole_words_and_the_longest_name(self):
        text = ("Nigerians of Nigeria met Papua New Guinea's team, \"Guinea\" and a French cook (South Africa) in "
                "Indiana;\nOman-born women of Romania saw New Mexico.")
        self.assertEqual(keywords.mentions(text.replace("\n", "\n ").split(" ")), [
            "Nigeria", "Papua New Guinea", "Guinea", "South Africa", "Oman", "Romania", "Mexico"])

    def test_hints_count_the_mentions_so_far(self):
        chunks = "Peru's sons left Peru for South Korea.\n South Korea saw Peru.".split(" ")
        ids, hints = keywords._hinted_root(chunks)
        self.assertEqual(ids[2:], keywords.text_tokens(chunks))
        told = [(spelled(ids[:i + 1])[len("<|bos|><|count|>"):], spelled([h])) for i, h in enumerate(hints)
                if h != NO_TARGET]
        self.assertEqual(told, [
            ("Peru", "1"), ("Peru's sons left Peru", "2"), ("Peru's sons left Peru for South Korea", "1"),
            ("Peru's sons left Peru for South Korea.\nSouth Korea", "2"),
            ("Peru's sons left Peru for South Korea.\nSouth Korea saw Peru", "3")])

    def test_attempts(self):
        names = ["Peru", "Chile", "Peru", "South Korea", "Oman", "Peru", "Chile", "South Africa"]
        goal = keywords.answer_of(names) + [END]
        wrong_ones = 0
        for seed in range(300):
            mistakes = seed % 4
            ids, wanted, written = keywords.attempt(random.Random(seed), names, mistakes)
            self.assertEqual(len(ids), len(wanted))
            self.assertEqual(keywords.read(ids[:-1]), Counter(dict(written)))
            wrong = [i for i, (a, b) in enumerate(zip(ids, wanted)) if b not in (a, NO_TARGET)]
            if mistakes == 0:
                self.assertEqual(ids, goal)
            if wrong:
                wrong_ones += 1
                self.assertEqual(ids[:wrong[0]], goal[:wrong[0]])
                self.assertEqual(wanted[:wrong[0] + 1], goal[:wrong[0] + 1])
            else:
                self.assertEqual(ids, goal)
                self.assertEqual(wanted, goal)
        self.assertGreater(wrong_ones, 120)

    def test_verdicts_are_the_grade_and_trees_fit(self):
        rng = np.random.default_rng(3)
        seen = set()
        for _ in range(80):
            tree = keywords.example(rng, 0.6, self.pool)
            self.assertLessEqual(tree.length, CONTEXT)
            text = pool.tokenizer().decode(tree.tokens[0][2:].tolist())
            chunks = text.replace("\n", "\n ").split(" ")
            for i, kind in enumerate(tree.kinds):
                if kind[0] % len(KINDS) == VERDICT:
                    attempt = tree.tokens[i - 1]
                    tag = np.flatnonzero(np.isin(attempt, (SOLVE, IMPROVE)))[-1]
                    verdict = tree.targets[i][-1] == YES
                    self.assertEqual(verdict, keywords.right(chunks, attempt[tag + 1:-1]))
                    seen.add(verdict)
        self.assertEqual(seen, {True, False})

    def test_unreadable_answers_are_wrong_in_every_mention(self):
        chunks = TEXT.split(" ")
        self.assertEqual(keywords.score_error(chunks, keywords.answer(chunks)), 0)
        self.assertEqual(keywords.score_error(chunks, []), 4)
        bad = list(pool.tokenizer().encode(" Norway<|answer|> Norway 1, Sweden 3"))
        self.assertEqual(keywords.score_error(chunks, bad), 1 + 2 + 1)


class Oracle:
    """Writes the right answer of a prompt and judges by the grade."""

    def __init__(self, module, problems):
        self.answers = {tuple(module.prompt(p).tolist()): module.answer(p).tolist() for p in problems}

    def generate(self, prompts, limit, stop, temperature, generator):
        return [next(a for p, a in self.answers.items() if tuple(x.tolist()[:len(p)]) == p)[:limit] for x in prompts]


class EvaluationTest(unittest.TestCase):
    def test_a_model_that_is_right_has_perfect_figures(self):
        import documents
        for module in (keywords, documents):
            problems, drawn = [], module.fresh

            def fresh(*args, drawn=drawn, problems=problems):
                problems.append(drawn(*args))
                return problems[-1]
            module.fresh = fresh
            judge, keep = module.measure.p_yes, module.measure.write
            try:
                module.measure.p_yes = lambda model, prompts: np.full(len(prompts), 0.5)
                module.measure.write = lambda model, prompts, limit, *rest: Oracle(module, problems).generate(
                    prompts, limit, END, 0, None)
                found = module.evaluate(None, np.random.default_rng(8), 16, pool.Pool([SENTENCES]))
                checked = module.check(None, np.random.default_rng(8), pool.Pool([SENTENCES]))
            finally:
                module.fresh, module.measure.p_yes, module.measure.write = drawn, judge, keep
            if module is keywords:
                self.assertEqual(found["greedy_exact"], 1)
                self.assertEqual(found["judge_picks_mean_error"], 0)
                self.assertEqual(checked["median_error"], 0)
            else:
                self.assertEqual(found["greedy_coverage"], 1)
                self.assertEqual(found["greedy_exact"], 1)
                self.assertEqual(found["greedy_repetition"], found["right_repetition"])
                self.assertEqual(checked["coverage"], 1)


if __name__ == "__main__":
    unittest.main()
