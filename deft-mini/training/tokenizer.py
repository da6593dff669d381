"""Byte-level BPE with control tokens, as GGUF describes it (`gpt2` model, `llama-bpe` pattern).

Merges come from `merges.txt`, which `python3 tokenizer.py --texts FOLDER` learns anew.
"""

import argparse
import functools
import glob
import os
import random
import re
import sys
import unicodedata
from collections import Counter, defaultdict

import clauses
import corpus
import travel

VOCAB_SIZE = 4096
CONTROL = (
    ["<|bos|>", "<|eos|>", "<|end|>", "<|list|>", "<|solve|>", "<|improve|>", "<|merge|>",
     "<|split|>", "<|judge|>", "<|sep|>", "<|yes|>", "<|no|>",
     "<|intersect|>", "<|count|>", "<|document|>", "<|answer|>"]
    # For tasks that a later version trains.
    + [f"<|reserved_{i}|>" for i in range(16)])

# Words that are one token, as the pattern's rule for whole words has it: numbers from 10 (the digits
# are bytes), and the words of country names behind a blank.
NUMBERS = [str(n) for n in range(10, 256)]
COUNTRY_WORDS = sorted({" " + w for name in corpus.COUNTRIES for w in name.split() if w[0].isupper()})

# Ids that do not depend on the learned merges: bytes, then whole words; control tokens at the end.
DIGIT_0 = 15
NUMBER_10 = 256
CONTROL_ID = {t: VOCAB_SIZE - len(CONTROL) + i for i, t in enumerate(CONTROL)}
MERGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "merges.txt")


def _pattern():
    """Llama-3's; `re` has no \\p{L} and \\p{N}, so the second is spelled out."""
    numeric = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c)[0] == "N")
    number, letter = f"[{numeric}]", f"[^\\W_{numeric}]"
    return re.compile(
        r"'(?i:s|t|re|ve|m|ll|d)"
        rf"|(?:[^\r\n\w]|_)?{letter}+|{number}{{1,3}}| ?(?:[^\s\w]|_)+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")


_PATTERN = _pattern()


@functools.cache
def byte_alphabet():
    """GPT-2's map from each byte to a printable character, in GPT-2's vocabulary order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {b: chr(b) for b in printable}
    for b in range(256):
        if b not in alphabet:
            alphabet[b] = chr(256 + len(alphabet) - len(printable))
    return alphabet


def learn_merges(words, count, known):
    """The merges, most frequent first, that make `count` tokens beside `known`; ties go to the smaller pair.

    `words`: how often each word occurs, in the byte alphabet.
    """
    pieces = [list(w) for w in words if w not in known]
    weights = [n for w, n in words.items() if w not in known]
    pairs, where = Counter(), defaultdict(set)
    for i, piece in enumerate(pieces):
        for pair in zip(piece, piece[1:]):
            pairs[pair] += weights[i]
            where[pair].add(i)
    merges, made = [], set()
    while len(made) < count:
        best = min(pairs, key=lambda p: (-pairs[p], p), default=None)
        if best is None or pairs[best] <= 0:
            raise ValueError(f"the texts yield only {len(made)} of {count} tokens")
        merges.append(best)
        if best[0] + best[1] not in known:
            made.add(best[0] + best[1])
        for i in where.pop(best):
            piece = pieces[i]
            for pair in zip(piece, piece[1:]):
                pairs[pair] -= weights[i]
            j, merged = 0, []
            while j < len(piece):
                if j + 1 < len(piece) and (piece[j], piece[j + 1]) == best:
                    merged.append(piece[j] + piece[j + 1])
                    j += 2
                else:
                    merged.append(piece[j])
                    j += 1
            pieces[i] = merged
            for pair in zip(merged, merged[1:]):
                pairs[pair] += weights[i]
                where[pair].add(i)
        del pairs[best]
    return merges


def spell(text):
    """`text` in the byte alphabet."""
    return "".join(map(byte_alphabet().__getitem__, text.encode()))


def read_merges(path=MERGES):
    """The pairs of a file, a line each."""
    with open(path, encoding="utf-8") as f:
        return [tuple(line.rstrip("\n").split(" ")) for line in f]


class Tokenizer:
    """256 bytes, whole words, merges, then the control tokens: VOCAB_SIZE ids in all."""

    def __init__(self):
        self.alphabet = byte_alphabet()
        self.merges = read_merges()
        known = sorted(self.alphabet.values(), key=ord) + [spell(w) for w in NUMBERS + COUNTRY_WORDS]
        seen = set(known)
        made = [t for t in dict.fromkeys(a + b for a, b in self.merges) if t not in seen]
        self.tokens = known + made + CONTROL
        if len(self.tokens) != VOCAB_SIZE or len(set(self.tokens)) != VOCAB_SIZE:
            raise ValueError(f"{len(set(self.tokens))} different tokens instead of {VOCAB_SIZE}")
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.ranks = {pair: i for i, pair in enumerate(self.merges)}
        self._control = re.compile("(" + "|".join(map(re.escape, CONTROL)) + ")")
        self._words = {}

    def encode(self, text):
        """Token ids of `text`; control tokens are recognised by their spelling."""
        out = []
        for part in self._control.split(text):
            if part in self.ids and part.startswith("<|"):
                out.append(self.ids[part])
                continue
            for word in _PATTERN.findall(part):
                ids = self._words.get(word)
                if ids is None:
                    ids = self._words[word] = self._word(word)
                out.extend(ids)
        return out

    def decode(self, ids):
        """The text of `ids`, control tokens spelled out."""
        reverse = {c: b for b, c in self.alphabet.items()}
        data = bytearray()
        for i in ids:
            token = self.tokens[i]
            data += token.encode() if token in CONTROL else bytes(reverse[c] for c in token)
        return data.decode(errors="replace")

    def _word(self, word):
        piece = [self.alphabet[b] for b in word.encode()]
        whole = self.ids.get("".join(piece))
        if whole is not None:
            return [whole]
        while len(piece) > 1:
            rank, j = min((self.ranks.get(p, 1 << 30), j) for j, p in enumerate(zip(piece, piece[1:])))
            if rank == 1 << 30:
                break
            piece[j:j + 2] = [piece[j] + piece[j + 1]]
        return [self.ids[p] for p in piece]


def count_words(folder):
    """How often each word occurs in the files of a folder and, at a share of their weight, in texts by grammars."""
    words = Counter()
    for path in sorted(glob.glob(os.path.join(folder, "*.txt"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                words.update(_PATTERN.findall(line.rstrip("\n")))
    words = Counter({spell(w): n for w, n in words.items()})

    def add(texts, share):
        made = Counter()
        for text in texts:
            made.update(_PATTERN.findall(text))
        scale = share * words.total() / made.total() if words else 1
        for word, n in made.items():
            words[spell(word)] += max(1, round(n * scale))

    add(corpus.paragraphs(0, 20000), 0.2)
    rng = random.Random(1)
    whole = words.total()
    add((line for _ in range(4000) for line in clauses.agreement(rng, 20)), 0.5)
    names = travel.Names(rng)
    add((names.fill(travel.sentence(rng)) for _ in range(20000)), 0.2 * whole / words.total())
    return words


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", required=True, help="folder of text files from which to learn")
    args = parser.parse_args()
    known = set(byte_alphabet().values()) | {spell(w) for w in NUMBERS + COUNTRY_WORDS}
    merges = learn_merges(count_words(args.texts), VOCAB_SIZE - len(known) - len(CONTROL), known)
    with open(MERGES, "w", encoding="utf-8") as f:
        f.writelines(f"{a} {b}\n" for a, b in merges)


if __name__ == "__main__":
    main()
