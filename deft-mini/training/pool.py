"""Sentences as chunks, the words between blanks, with each chunk's tokens and content words looked up once."""

import functools
import os
from dataclasses import dataclass

import english
from tokenizer import Tokenizer

HELD_OUT = 41  # every so-manieth run of sentences is kept for evaluation
RUN = 50  # neighbours stay together, so that runs of a text can be drawn


@dataclass(frozen=True)
class Chunk:
    """What stands between two blanks of a line."""

    text: str
    spaced: tuple  # token ids behind a blank
    stems: tuple  # content words without inflection
    words: tuple  # all words, in lower case
    word_end: int  # the last token (of `spaced`) that is not closing punctuation

    @functools.cached_property
    def bare(self):
        """Token ids at the start of a line."""
        return tuple(tokenizer().encode(self.text))


@functools.cache
def tokenizer():
    """The model's."""
    return Tokenizer()


@functools.cache
def encode(text):
    """Token ids of a text that is met again and again."""
    return tuple(tokenizer().encode(text))


class _Table(dict):
    """Chunks by their spelling."""

    def __missing__(self, text):
        spaced = tuple(tokenizer().encode(" " + text))
        core = text.rstrip(".,;:!?)]\"”’")
        end = (len(tokenizer().encode(" " + core)) if core and core != text else len(spaced)) - 1
        chunk = Chunk(text, spaced, tuple(english.content_words(text)), tuple(english.words(text)),
                      max(0, min(end, len(spaced) - 1)))
        self[text] = chunk
        return chunk


TABLE = _Table()


def tokens(chunks):
    """Token ids of a line of chunks."""
    out = list(TABLE[chunks[0]].bare)
    for c in chunks[1:]:
        out += TABLE[c].spaced
    return out


def stems(chunks):
    """The content words of a line."""
    return [s for c in chunks for s in TABLE[c].stems]


def words(chunks):
    """The words of a line."""
    return [w for c in chunks for w in TABLE[c].words]


@functools.cache
def _spellings():
    """What tokens spell, where it is printable and not blank."""
    found = (tokenizer().decode([i]).strip() for i, t in enumerate(tokenizer().tokens) if not t.startswith("<|"))
    return sorted({t for t in found if t.isprintable() and t.split() == [t] and "\ufffd" not in t})


def odd_chunk(rng):
    """What prose hardly has: blanks to fill in, words joined by signs, tokens in a row."""
    kind, words = rng.random(), _spellings()

    def word():
        return words[int(rng.random() * len(words))]
    if kind < 0.2:
        return "_" * (2 + int(rng.random() * 12))
    if kind < 0.45:
        sign = "/_-&@.:+=#"[int(rng.random() * 10)]
        return word() + sign + word()
    if kind < 0.6:
        return "[" + word().title() + "]"
    return "".join(word() for _ in range(1 + int(rng.random() * 3)))


class Pool:
    """Sentences in the order of their sources, as lists of chunks."""

    def __init__(self, sources, held_out=False):
        """`sources`: lists of sentences; of them every `HELD_OUT`th run is left to evaluation."""
        self.runs = []
        for source in sources:
            for i in range(0, len(source), RUN):
                if ((i // RUN) % HELD_OUT == HELD_OUT - 1) == held_out:
                    self.runs.append([s.split(" ") for s in source[i:i + RUN]])
        if not self.runs:
            raise ValueError("no sentences")
        self._ends, total = [], 0
        for run in self.runs:
            total += len(run)
            self._ends.append(total)

    def warm(self):
        """Looks all chunks up, so that processes forked later share them."""
        for run in self.runs:
            for sentence in run:
                for chunk in sentence:
                    TABLE[chunk]
        return self

    def sentence(self, rng):
        """Any sentence."""
        run = self.runs[int(rng.random() * len(self.runs))]
        return run[int(rng.random() * len(run))]

    def neighbours(self, rng, count):
        """Up to `count` sentences that follow one another in their source."""
        run = self.runs[int(rng.random() * len(self.runs))]
        start = int(rng.random() * max(1, len(run) - count + 1))
        return run[start:start + count]


def load(folder, held_out=False):
    """The pool of a folder that `texts.py` wrote."""
    with open(os.path.join(folder, "sentences.txt"), encoding="utf-8") as f:
        sources = [part.split("\n") for part in f.read().strip("\n").split("\n\n")]
    return Pool(sources, held_out)
