"""English as sentences, words and content words, and the grade of a merge: what `org.deft4j.tasks.merging` does.

`tests/test_english.py` holds both against the same examples.
"""

import functools
import re
from collections import Counter

_LETTER = r"[^\W\d_]"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|{_LETTER}+(?:['’]{_LETTER}+)*")
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)\]])|(?<=[.!?][\"'”’)\]]{2}))\s+(?=[A-Z0-9\"“'‘(\[])")
_MARKER = re.compile(r"^\s*(?:[-*•]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+")
_ABBREVIATION = re.compile(
    r"(?:^|.*[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Inc|Ltd|Co|Corp|vs|etc|e\.g|i\.e)\.", re.DOTALL)
FUNCTION_WORDS = frozenset(
    ("a about above after again against all also am an and any are as at be because been before being below"
     " between both but by can cannot could did do does doing down during each either few for from further had"
     " has have having he her here hers him his how i if in into is it its itself just may me might more most"
     " must my neither no nor not of off on once only or other our ours out over own per same shall she should"
     " so some such than that the their theirs them then there these they this those through to too under until"
     " up upon us very was we were what when where which while who whom whose why will with within without would"
     " you your yours s t").split())

RECALL = 7  # of 10 content words, from which on a sentence counts as covered
RUN = 4  # words that repeat together
SOLVED_COVERAGE, SOLVED_REPETITION, FREE_REPETITION = 0.9, 1 / 3, 0.02


def sentences(text):
    """The sentences of a text: line breaks end one, and so does closing punctuation."""
    found = []
    for line in re.split(r"\r\n|[\n\r]", text):
        rest = _MARKER.sub("", line, count=1).strip()
        waiting = ""
        for part in _END.split(rest):
            waiting = f"{waiting} {part}" if waiting else part
            if not _ABBREVIATION.fullmatch(waiting):
                found.append(waiting)
                waiting = ""
        if waiting:
            found.append(waiting)
    return [s for s in found if words(s)]


def words(text):
    """The words of a text, in lower case."""
    return _WORD.findall(text.lower().replace("’", "'"))


def content_words(text):
    """The words of a text that carry its content, without inflection."""
    found = (w[:-2] if w.endswith("'s") else w for w in words(text))
    return [uninflected(w) for w in found if w not in FUNCTION_WORDS]


def _consonant(w, i):
    c = w[i]
    return c not in "aeiou" and (c != "y" or i == 0 or not _consonant(w, i - 1))


def _has_vowel(w):
    return any(not _consonant(w, i) for i in range(len(w)))


def _measure(w):
    return sum(_consonant(w, i) and not _consonant(w, i - 1) for i in range(1, len(w)))


def _mended(stem):
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    n = len(stem)
    if n >= 2 and stem[-1] == stem[-2] and _consonant(stem, n - 1):
        return stem if stem[-1] in "lsz" else stem[:-1]
    short = (n >= 3 and _consonant(stem, n - 3) and not _consonant(stem, n - 2) and _consonant(stem, n - 1)
             and stem[-1] not in "wxy")
    return stem + "e" if short and _measure(stem) == 1 else stem


@functools.lru_cache(maxsize=1 << 18)
def uninflected(w):
    """A word without the endings of plurals, tenses and the progressive (Porter's first step)."""
    if len(w) <= 2 or not w[0].isalpha():
        return w
    if w.endswith(("sses", "ies")):
        w = w[:-2]
    elif w.endswith("s") and not w.endswith("ss"):
        w = w[:-1]
    if w.endswith("eed"):
        if _measure(w[:-3]) > 0:
            w = w[:-1]
    elif w.endswith("ed") and _has_vowel(w[:-2]):
        w = _mended(w[:-2])
    elif w.endswith("ing") and _has_vowel(w[:-3]):
        w = _mended(w[:-3])
    if w.endswith("y") and _has_vowel(w[:-1]):
        w = w[:-1] + "i"
    return w


def covered(content, merged):
    """Whether enough of a sentence's content words are among those of a merge."""
    found = 0
    for w in content:
        found += w in merged
    return found * 10 >= len(content) * RECALL


def repetition(found):
    """Share of the runs of four of these words that occur more than once."""
    if len(found) < RUN:
        return 0.0
    counts = Counter(zip(found, found[1:], found[2:], found[3:]))
    return sum(n for n in counts.values() if n > 1) / (len(found) - RUN + 1)


def coverage(contents, merged):
    """Share of distinct sentences, given as lists of content words, that these words cover."""
    distinct = {tuple(c) for c in contents if c}
    return sum(covered(c, merged) for c in distinct) / len(distinct) if distinct else 0.0


def score(documents, merge):
    """Coverage and repetition of a merge of documents, all as text."""
    contents = [content_words(s) for d in documents for s in sentences(d)]
    return coverage(contents, set(content_words(merge))), repetition(words(merge))


def solved(documents, merge):
    """Whether the merge covers 0.9 of its sources and repeats a third of what they repeat one after another."""
    covers, repeats = score(documents, merge)
    return covers >= SOLVED_COVERAGE and repeats <= most_repetition(words("\n".join(documents)))


def most_repetition(found):
    """What a solution may repeat, given the words of the documents one after another."""
    return max(FREE_REPETITION, SOLVED_REPETITION * repetition(found))


def uncovered(documents):
    """In order, every sentence that those kept before it do not cover; a list for each document."""
    kept, said = [], set()
    for document in documents:
        part = []
        for sentence in sentences(document):
            content = content_words(sentence)
            if content and not covered(content, said):
                part.append(sentence)
                said.update(content)
        kept.append(part)
    return kept
