"""Keyword counting: texts that name countries, every mention in order and then the counts, as `CountLayout` has it.

A problem is a text as a list of chunks, the words between blanks; a line break ends the chunk before it.
"""

import bisect
import functools
import random
import re
from collections import Counter

import numpy as np

import measure
import travel
from corpus import COUNTRIES
from english import FUNCTION_WORDS
from pool import TABLE, encode, tokenizer
from tokenizer import CONTROL_ID
from tree import ANSWER, BOS, CONTEXT, END, HINT, IMPROVE, JUDGE, MERGE, NO_TARGET, SEP, SOLVE, Tree

COUNT, COUNTS = CONTROL_ID["<|count|>"], CONTROL_ID["<|answer|>"]

MOST_PROBLEM = 2500  # tokens, the two tags not counted
RAMP_FROM = 60
USUAL = 750
_MARGIN = 400  # tokens by which a wrong attempt may be longer than the right answer

# Whole words, the longest name first, as `Counts.in` has it.
_NAME = re.compile(
    r"(?<![^\W\d_])(?:" + "|".join(map(re.escape, sorted(COUNTRIES, key=len, reverse=True))) + r")(?![^\W\d_])")


# ---------------------------------------------------------------- problems


def longest_at(part):
    """The longest text in tokens, `part` of the way through the ramp."""
    return int(RAMP_FROM + (MOST_PROBLEM - RAMP_FROM) * part)


def _named(rng, line):
    """A sentence of other prose with one or two of its words replaced by names."""
    places = [i for i in range(1, len(line)) if len(line[i]) > 3 and line[i].rstrip(".,;:").isalpha()
              and line[i][0].islower() and line[i].rstrip(".,;:") not in FUNCTION_WORDS]
    if not places:
        return " ".join(line)
    out = list(line)
    for _ in range(1 if rng.random() < 0.7 else 2):
        i = places[int(rng.random() * len(places))]
        core = out[i].rstrip(".,;:")
        out[i] = "#" + ("'s" if rng.random() < 0.08 else "") + out[i][len(core):]
        if out[i - 1] in ("a", "an", "the") and rng.random() < 0.8:
            out[i - 1] = ""
    return " ".join(c for c in out if c)


def _draw(rng, longest, pool):
    usual = min(longest, USUAL)
    r = rng.random()
    size = (20 + (usual - 20) * rng.random() if r < 0.45 else usual * (0.4 + 0.6 * rng.random()) if r < 0.85
            else 20 + (longest - 20) * rng.random())
    names = travel.Names(rng)
    travels = (1.0, 0.8, 0.5, 0.15)[int(rng.random() * 4)] if pool is not None else 1.0
    named = rng.random()
    paragraph = 3 + int(rng.random() * 4) if rng.random() < 0.2 else 0
    chunks, length, sentences = [], 0, 0
    while True:
        if rng.random() < travels:
            text = travel.sentence(rng)
        else:
            line = pool.sentence(rng)
            text = _named(rng, line) if rng.random() < named else " ".join(line)
        more = names.fill(text).split(" ")
        cost = sum(len(TABLE[c].spaced) for c in more)
        if chunks and length + cost > size:
            return chunks
        if paragraph and chunks and sentences % paragraph == 0:
            chunks[-1] += "\n"
            cost += 1
        chunks += more
        length += cost
        sentences += 1


def fresh(rng, part, texts=None):
    """A text that names countries."""
    source = random.Random(int(rng.integers(1 << 62)))
    while True:
        chunks = _draw(source, longest_at(part), texts)
        size = len(text_tokens(chunks))
        if size <= MOST_PROBLEM and mentions(chunks) and size + len(answer(chunks)) <= CONTEXT - _MARGIN:
            return chunks


# ---------------------------------------------------------------- layout


def text_of(chunks):
    """The text itself."""
    return " ".join(chunks).replace("\n ", "\n")


def mentions(chunks):
    """The names in order of appearance."""
    return _NAME.findall(text_of(chunks))


def text_tokens(chunks):
    """The tokens of the text."""
    out, bare = [], True
    for text in chunks:
        chunk = TABLE[text]
        out += chunk.bare if bare else chunk.spaced
        bare = text[-1] == "\n"
    return out


def prompt(chunks):
    """What the model reads before it answers."""
    return np.array([BOS, COUNT] + text_tokens(chunks) + [SOLVE])


@functools.cache
def _name(name):
    return encode(" " + name)


@functools.cache
def _item(name, count):
    return encode(f" {name} {count}")


_COMMA = encode(",")[0]


def _listed(items):
    """Token lists with commas between."""
    out = []
    for i, item in enumerate(items):
        if i:
            out.append(_COMMA)
        out += item
    return out


def counted(names):
    """Names with how often each is there, in the order of their first mention."""
    return list(Counter(names).items())


def answer_of(names):
    """An answer's tokens for a list of mentions, without the end."""
    return _listed(map(_name, names)) + [COUNTS] + _listed(_item(*c) for c in counted(names))


def answer(chunks):
    """The right answer's tokens without the end."""
    return np.array(answer_of(mentions(chunks)), np.int64)


def _hinted_root(chunks):
    """The root's tokens; at the end of each mention the count of its name so far is asked for."""
    ids, begins, at, chars = [BOS, COUNT], [], [], []
    bare, char = True, 0
    for text in chunks:
        chunk = TABLE[text]
        begins.append(len(ids))
        chars.append(char)
        at.append(bare)
        ids += chunk.bare if bare else chunk.spaced
        bare = text[-1] == "\n"
        char += len(text) + (not bare)
    hints = [NO_TARGET] * len(ids)
    seen = Counter()
    for found in _NAME.finditer(text_of(chunks)):
        seen[found.group()] += 1
        i = bisect.bisect_right(chars, found.end() - 1) - 1
        head = chunks[i][:found.end() - chars[i]]
        chunk = TABLE[head]
        place = begins[i] + len(chunk.bare if at[i] else chunk.spaced) - 1
        hints[place] = _number(seen[found.group()])
    return ids, hints


@functools.cache
def _number(count):
    return encode(str(count))[-1]


# ---------------------------------------------------------------- grades


def read(ids):
    """The counts that an answer's tokens say, or None."""
    ids = [int(i) for i in ids]
    if ids.count(COUNTS) != 1:
        return None
    text = tokenizer().decode(ids[ids.index(COUNTS) + 1:])
    counts = {}
    for part in text.split(",") if text.strip() else ():
        item = re.fullmatch(r"(\S.*?) (\d{1,6})", part.strip())
        if not item or item.group(1) in counts:
            return None
        counts[item.group(1)] = int(item.group(2))
    return Counter(counts)


def score_error(chunks, ids):
    """Sum over all names of how far the counts lie apart; unreadable: as many as there are mentions."""
    true, found = Counter(mentions(chunks)), read(ids)
    if found is None:
        return true.total()
    return sum(abs(true[n] - found[n]) for n in true.keys() | found.keys())


def right(chunks, ids):
    """Whether an answer's tokens say the right counts."""
    return score_error(chunks, ids) == 0


# ---------------------------------------------------------------- quality



def _figures(problems, found):
    errors = [score_error(p, a) for p, a in zip(problems, found)]
    return {"exact": float(np.mean(np.equal(errors, 0))), "mean_error": float(np.mean(errors)),
            "median_error": float(np.median(errors))}


def _usual(rng, count, texts):
    """Texts of the usual length that name 10 to 45 countries."""
    problems = []
    while len(problems) < count:
        problem = fresh(rng, 1.0, texts)
        if len(text_tokens(problem)) <= USUAL and 10 <= len(mentions(problem)) <= 45:
            problems.append(problem)
    return problems


def check(model, rng, texts=None):
    """Greedy figures during training."""
    problems = _usual(rng, 128, texts)
    limit = max(len(answer(p)) for p in problems) + 32
    return _figures(problems, measure.write(model, [prompt(p) for p in problems], limit))


def evaluate(model, rng, count, texts=None):
    """Figures: greedy, best of 8 as the judge picks it and as it is, improve, and the judge on attempts by rule."""
    problems = _usual(rng, max(8, count // 2), texts)
    limit, tries = max(len(answer(p)) for p in problems) + 32, 8
    prompts = [prompt(p) for p in problems]
    greedy = measure.write(model, prompts, limit)
    result = {f"greedy_{k}": v for k, v in _figures(problems, greedy).items()}
    result["mentions"] = float(np.mean([len(mentions(p)) for p in problems]))
    source = random.Random(1)
    wrong = [attempt(source, mentions(p), 1)[0] for p in problems]
    good = np.array([right(p, a[:-1]) for p, a in zip(problems, wrong)])
    judged = measure.p_yes(model, [np.concatenate((p, a, [JUDGE])) for p, a in zip(prompts, wrong)])
    if good.any() and not good.all():
        result["judge_auroc"] = measure.auroc(judged[good], judged[~good])
    again = measure.write(model, [np.concatenate((p, a, [IMPROVE])) for p, a in zip(prompts, wrong)], limit)
    result |= {f"improve_{k}": v for k, v in _figures(problems, again).items()}
    paths = [p for p in prompts for _ in range(tries)]
    sampled = measure.write(model, paths, limit, 0.7)
    judged = measure.p_yes(model, [np.concatenate((p, a, [END, JUDGE])).astype(np.int64) for p, a in zip(paths, sampled)])
    picked = [sampled[i * tries + int(judged[i * tries:(i + 1) * tries].argmax())] for i in range(len(problems))]
    best = [min(sampled[i * tries:(i + 1) * tries], key=lambda a, p=p: score_error(p, a)) for i, p in enumerate(problems)]
    result |= {f"judge_picks_{k}": v for k, v in _figures(problems, picked).items()}
    return result | {f"best_of_8_{k}": v for k, v in _figures(problems, best).items()}


# ---------------------------------------------------------------- attempts


class _Writing:
    """An answer as it is written, and what was wanted at each token."""

    def __init__(self):
        self.ids, self.wanted, self.missing = [], [], None

    def write(self, tokens, goal):
        """Writes tokens where `goal` was wanted; after the first difference nothing is."""
        n = 0
        while n < len(tokens) and n < len(goal) and tokens[n] == goal[n]:
            n += 1
        want = list(tokens[:n]) + ([goal[n]] if n < len(tokens) and n < len(goal) else [])
        want += [NO_TARGET] * (len(tokens) - len(want))
        if self.missing is not None and want:
            want[0] = self.missing
        self.missing = goal[n] if n == len(tokens) < len(goal) else None
        self.ids += tokens
        self.wanted += want


def attempt(rng, names, mistakes):
    """An answer with about `mistakes` mistakes: its tokens and the end, what was wanted at each, and its counts."""
    out, said = _Writing(), []
    chance = mistakes / (len(names) + 1)
    i = 0
    while True:
        wrong = chance and rng.random() < chance
        kind = rng.random() if wrong else 1.0
        right_next = names[i] if i < len(names) else None
        if kind < 0.45:  # lost
            i = min(i + 1, len(names))
            name = names[i] if i < len(names) else None
            after = i + 1
        elif kind < 0.65 and said:  # said twice, or one from before
            name, after = said[-1] if rng.random() < 0.7 else said[int(rng.random() * len(said))], i
        elif kind < 0.8:  # one that is not there
            name, after = COUNTRIES[int(rng.random() * len(COUNTRIES))], i
        elif kind < 1.0:  # another one instead
            others = names if rng.random() < 0.5 else COUNTRIES
            name, after = others[int(rng.random() * len(others))], min(i + 1, len(names))
        else:
            name, after = right_next, i + 1
        # Between two names, and before the counts.
        goal = ([_COMMA] if said else []) + list(_name(right_next)) if right_next is not None else [COUNTS]
        if name is None:
            out.write([COUNTS], goal)
            break
        out.write(([_COMMA] if said else []) + list(_name(name)), goal)
        said.append(name)
        i = after
    counts, written = counted(said), []
    for j, (name, count) in enumerate(counts):
        told = count
        if mistakes and rng.random() < 0.35 * mistakes / len(counts):
            told = max(1, count + (1 if rng.random() < 0.5 else -1))
        comma = [_COMMA] if j else []
        out.write(comma + list(_item(name, told)), comma + list(_item(name, count)))
        written.append((name, told))
    out.write([END], [END])
    return out.ids, out.wanted, written


def _try(rng, tree, parent, head, names, mistakes):
    ids, wanted, written = attempt(rng, names, mistakes)
    targets = [NO_TARGET] * (len(head) - 1) + wanted + [NO_TARGET]
    seg = tree.add(parent, np.array(head + ids, np.int64), np.array(targets, np.int64), ANSWER)
    tree.verdict(seg, dict(written) == Counter(names))
    return seg


def example(rng, part, texts=None, own=None):
    """A text with attempts to count its names; `own` is a text and the tokens of the model's own attempt."""
    chunks, tried = own if own is not None else (fresh(rng, part, texts), None)
    source = random.Random(int(rng.integers(1 << 62)))
    draw = source.random
    names = mentions(chunks)
    tree = Tree("keywords")
    ids, hints = _hinted_root(chunks)
    root = tree.add(-1, np.array(ids, np.int64), np.array(hints, np.int64), HINT)
    size = int(1.3 * len(answer_of(names))) + 40

    def fits(more, path=0):
        return tree.length + more <= CONTEXT and path + more <= CONTEXT

    def mistakes():
        r = draw()
        return 0 if r < 0.2 else 1 if r < 0.7 else 2.5 if r < 0.93 else 6

    if tried is not None and fits(len(tried) + 2 * size):
        seg = tree.add(root, np.concatenate(([SOLVE], tried, [END])).astype(np.int64))
        tree.verdict(seg, right(chunks, tried))
        if fits(size):
            _try(source, tree, seg, [IMPROVE], names, 0)
        return tree
    if tried is None and draw() < 0.12:
        head = [MERGE]
        for i in range(2 + int(draw() * 3)):
            head += ([SEP] if i else []) + _listed(_item(*c) for c in attempt(source, names, mistakes())[2])
        if fits(len(head) + size + 40):
            _try(source, tree, root, head + [SOLVE], names, 0 if draw() < 0.7 else mistakes())
            return tree
    first = _try(source, tree, root, [SOLVE], names, 0 if draw() < 0.5 or not fits(2 * size) else mistakes())
    last = first
    for _ in range(3):
        if draw() < 0.4 and fits(size, tree.ends[last]):
            last = _try(source, tree, last, [IMPROVE], names, 0 if draw() < 0.7 else mistakes())
        else:
            break
    while draw() < 0.6 and fits(size) and len(tree.ends) < 14:
        _try(source, tree, root, [SOLVE], names, mistakes())
    return tree
