"""Byte-level BPE with control tokens, as GGUF describes it (`gpt2` model, `qwen2` pattern)."""

import functools
import re
from collections import Counter, defaultdict

from corpus import paragraphs

VOCAB_SIZE = 2048
CONTROL = (
    ["<|bos|>", "<|eos|>", "<|end|>", "<|list|>", "<|solve|>", "<|improve|>", "<|merge|>",
     "<|split|>", "<|judge|>", "<|sep|>", "<|yes|>", "<|no|>",
     # For tasks that a later version trains.
     "<|intersect|>", "<|count|>", "<|document|>", "<|answer|>"]
    + [f"<|reserved_{i}|>" for i in range(16)])

# Ids that do not depend on the learned merges: digits sit among the bytes, control tokens at the end.
DIGIT_0 = 15
CONTROL_ID = {t: VOCAB_SIZE - len(CONTROL) + i for i, t in enumerate(CONTROL)}

# Qwen2's pattern. `re` has no \p{L} and \p{N}: [^\W\d_] and \d are the same over this corpus.
_PATTERN = re.compile(
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
    r"|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's map from each byte to a printable character, in GPT-2's vocabulary order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {b: chr(b) for b in printable}
    for b in range(256):
        if b not in alphabet:
            alphabet[b] = chr(256 + len(alphabet) - len(printable))
    return alphabet


@functools.cache
def learn_merges(count, seed=0, size=20000):
    """The `count` most frequent merges of the synthetic corpus; ties go to the smaller pair."""
    alphabet = byte_alphabet()
    words = Counter()
    for text in paragraphs(seed, size):
        words.update(_PATTERN.findall(text))
    pieces = [[alphabet[b] for b in w.encode()] for w in words]
    weights = list(words.values())
    pairs, where = Counter(), defaultdict(set)
    for i, piece in enumerate(pieces):
        for pair in zip(piece, piece[1:]):
            pairs[pair] += weights[i]
            where[pair].add(i)
    merges = []
    while len(merges) < count:
        best = min(pairs, key=lambda p: (-pairs[p], p))
        if pairs[best] <= 0:
            raise ValueError(f"the corpus yields only {len(merges)} of {count} merges")
        merges.append(best)
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


class Tokenizer:
    """256 bytes, then merges, then the control tokens: VOCAB_SIZE ids in all."""

    def __init__(self, seed=0):
        merges = learn_merges(VOCAB_SIZE - 256 - len(CONTROL), seed)
        self.alphabet = byte_alphabet()
        order = sorted(self.alphabet.values(), key=ord)
        self.merges = merges
        self.tokens = order + [a + b for a, b in merges] + CONTROL
        if len(set(self.tokens)) != VOCAB_SIZE:
            raise ValueError("two merges give the same token")
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self._control = re.compile("(" + "|".join(map(re.escape, CONTROL)) + ")")

    def encode(self, text):
        """Token ids of `text`; control tokens are recognised by their spelling."""
        out = []
        for part in self._control.split(text):
            if part in self.ids and part.startswith("<|"):
                out.append(self.ids[part])
                continue
            for word in _PATTERN.findall(part):
                out.extend(self._word(word))
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
        while len(piece) > 1:
            rank, j = min((self.ranks.get(p, 1 << 30), j) for j, p in enumerate(zip(piece, piece[1:])))
            if rank == 1 << 30:
                break
            piece[j:j + 2] = [piece[j] + piece[j + 1]]
        return [self.ids[p] for p in piece]
