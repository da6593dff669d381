"""The Java code's own examples of sentences, content words and grades."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import english  # noqa: E402


class EnglishTest(unittest.TestCase):
    def test_endings_go_as_in_porters_paper(self):
        for pair in ("caresses caress", "ponies poni", "ties ti", "caress caress", "cats cat", "feed feed",
                     "agreed agree", "plastered plaster", "bled bled", "motoring motor", "sing sing",
                     "conflated conflate", "troubled trouble", "sized size", "hopping hop", "tanned tan",
                     "falling fall", "hissing hiss", "fizzed fizz", "failing fail", "filing file", "happy happi",
                     "sky sky", "2024 2024"):
            word, stem = pair.split()
            self.assertEqual(english.uninflected(word), stem)

    def test_sentences_end_where_people_end_them(self):
        self.assertEqual(english.sentences(
            "1. Mr. Smith paid $2,000.50 to Acme Inc. on Monday. He left!\n\n"
            "- \"Why?\" she asked, e.g. in jest.\nGENERAL TERMS:\n---\n"), [
                "Mr. Smith paid $2,000.50 to Acme Inc. on Monday.", "He left!", "\"Why?\" she asked, e.g. in jest.",
                "GENERAL TERMS:"])

    def test_scores_by_hand(self):
        sources = ["The cat sat on a red mat. Birds sing.", "On the red mat the cats were sitting."]
        covers, repeats = english.score(sources, "A cat sat on the red mat.")
        self.assertAlmostEqual(covers, 2 / 3)
        self.assertEqual(repeats, 0)
        self.assertEqual(english.repetition("a b c d a b c d".split()), 2 / 5)
        self.assertEqual(english.repetition("a b c".split()), 0)
        self.assertAlmostEqual(english.score(sources, "birds BIRDS sings singing")[0], 1 / 3)

    def test_what_is_uncovered_is_kept(self):
        self.assertEqual(
            english.uncovered(["One red old heavy door fell.", "A red old heavy iron door fell. Owls listen."]),
            [["One red old heavy door fell."], ["Owls listen."]])


if __name__ == "__main__":
    unittest.main()
