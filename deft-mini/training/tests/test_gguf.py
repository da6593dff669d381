import os
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import gguf  # noqa: E402
import corpus  # noqa: E402
from tokenizer import CONTROL, CONTROL_ID, DIGIT_0, NUMBER_10, Tokenizer, VOCAB_SIZE  # noqa: E402


class GgufTest(unittest.TestCase):
    def test_reads_what_it_writes(self):
        rng = np.random.default_rng(0)
        tensors = {"norm": rng.normal(size=7).astype(np.float32), "zero": np.zeros((2, 32), np.float32),
                   "matrix": rng.normal(size=(5, 64)).astype(np.float32)}
        meta = {"a": "text", "b": 7, "c": 0.5, "d": True, "e": ["x", "\u0120y"], "f": [1, 3]}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.gguf")
            gguf.write(path, meta, tensors)
            found, back = gguf.read(path)
            self.assertEqual(found, meta)
            np.testing.assert_array_equal(back["norm"], tensors["norm"])
            np.testing.assert_array_equal(back["zero"], 0)
            error = np.abs(back["matrix"] - tensors["matrix"]).reshape(-1, 32).max(1)
            scale = np.abs(tensors["matrix"]).reshape(-1, 32).max(1) / 127
            self.assertTrue((error <= 0.51 * scale + 127 * scale * 2.0 ** -11).all())
            with open(path, "rb") as f:
                data = f.read()
            with open(path, "wb") as f:
                f.write(data[:-40])
            with self.assertRaises(ValueError):
                gguf.read(path)


class TokenizerTest(unittest.TestCase):
    tokenizer = Tokenizer()

    def test_vocabulary(self):
        self.assertEqual(len(self.tokenizer.tokens), VOCAB_SIZE)
        self.assertEqual([self.tokenizer.encode(d)[0] for d in "0123456789"], list(range(DIGIT_0, DIGIT_0 + 10)))
        for token in CONTROL:
            self.assertEqual(self.tokenizer.encode(token), [CONTROL_ID[token]])

    def test_numbers_and_country_words_are_one_token(self):
        for n in range(256):
            token = n + DIGIT_0 if n < 10 else n - 10 + NUMBER_10
            self.assertEqual(self.tokenizer.encode(str(n)), [token])
            self.assertEqual(self.tokenizer.encode(f"{n} 7,")[0], token)
        for name in corpus.COUNTRIES:
            words = [w for w in name.split() if w[0].isupper()]
            self.assertEqual(len(self.tokenizer.encode(" " + " ".join(words))), len(words))

    def test_any_text_survives(self):
        rng = np.random.default_rng(1)
        texts = ["", "The Receiving Party shall not disclose it.\n\n", "<|bos|><|list|>31<|solve|>",
                 "Zürich 東京 \u00a0x_y  12"]
        texts += ["".join(map(chr, rng.integers(1, 0x3000, 40))) for _ in range(50)]
        for text in texts:
            self.assertEqual(self.tokenizer.decode(self.tokenizer.encode(text)), text)


if __name__ == "__main__":
    unittest.main()
