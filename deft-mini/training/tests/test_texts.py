"""What counts as a sentence, and what is read out of markup."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import texts  # noqa: E402


class SentencesTest(unittest.TestCase):
    def test_splits_at_closing_punctuation_but_not_at_abbreviations(self):
        found = list(texts.sentences(
            "Dr. Brown went home to see his old friends. He said (not for the first time) that he was\n  very tired. "
            "Was it true that no one heard it?"))
        self.assertEqual(found, [
            "Dr. Brown went home to see his old friends.",
            "He said (not for the first time) that he was very tired.",
            "Was it true that no one heard it?"])

    def test_leaves_out_what_is_not_prose(self):
        for text in ("too short.", "Run the following command: sqlite3_open() with all the flags.",
                     "The value x<y is what the program compares here.",
                     "no capital letter begins this line of words.",
                     "This line of words has no closing punctuation at all",
                     "An open (bracket is not closed in this sentence.",
                     "The NEWLINE of every FILE of the TABLE of WORDS is SHOUTED here."):
            self.assertFalse(texts.proper(text), text)

    def test_reads_paragraphs_and_leaves_out_listings(self):
        parser = texts._Paragraphs()
        parser.feed("<h1>Title of it</h1><p>One <b>bold</b> thing.</p><pre>int main()</pre><ul><li>Another.</li></ul>")
        parser.flush()
        self.assertEqual([p for p in parser.paragraphs if p.strip()], ["One bold thing.", "Another."])

    def test_every_source_is_pinned(self):
        for source in texts.SOURCES:
            for _, version, sha256 in source.packages:
                self.assertTrue(version)
                self.assertEqual(len(sha256), 64)


if __name__ == "__main__":
    unittest.main()
