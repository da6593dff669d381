"""Document merging: documents that overlap, and what to keep of them, in the layout of `PartLayout`.

The right answer keeps, in order, every line that the lines kept before it do not cover (`english.covered`). A
problem is a list of documents, each a list of lines, each a list of chunks.

An attempt with mistakes goes on being right after each: what is wanted next is a function of what was kept so far.
So a lost line's duplicate is to be kept, and the model learns to go on from where it is.
"""

import random

import numpy as np

import clauses
import english
import measure
import rewording
from pool import TABLE, encode, odd_chunk, stems, tokenizer, tokens, words
from tokenizer import CONTROL_ID
from tree import (
    ANSWER, BOS, CONTEXT, END, HINT, IMPROVE, JUDGE, MERGE, NO, NO_TARGET, SEP, SOLVE, YES, Tree, same)

DOCUMENT = CONTROL_ID["<|document|>"]

MOST_PROBLEM = 2500  # tokens, the two tags not counted
RAMP_FROM = 100
TOKENS_A_LINE = 20  # about
ODD = 0.3  # share of problems with words that prose hardly has; 0 for the file of version 2
_MARGIN = 300  # tokens by which a wrong attempt may be longer than the right answer


# ---------------------------------------------------------------- problems


def longest_at(part):
    """The longest problem in tokens, `part` of the way through the ramp."""
    return int(RAMP_FROM + (MOST_PROBLEM - RAMP_FROM) * part)


def _again(rng, line, pool):
    """A line told again: as it is, reworded, or with other facts."""
    r = rng.random()
    if r < 0.3:
        return line
    if r < 0.75:
        return rewording.reworded(rng, line)
    other = pool.sentence(rng) if pool is not None and rng.random() < 0.3 else clauses.clause(rng).split(" ")
    return rewording.change_facts(rng, line, other) if r < 0.92 else rewording.cross(rng, line, other)


def _overlap(rng, documents, pool, share):
    """Puts lines told before into later documents, in places of their own or instead of a line."""
    told = list(documents[0])
    for document in documents[1:]:
        own = list(document)
        for line in own:
            if rng.random() < share:
                again = _again(rng, told[int(rng.random() * len(told))], pool)
                if again:
                    at = int(rng.random() * (len(document) + 1))
                    if rng.random() < 0.5 and at < len(document):
                        document[at] = again
                    else:
                        document.insert(at, again)
        told += own
    for document in documents:
        if rng.random() < 0.15 and len(document) > 1:
            document.insert(int(rng.random() * len(document)) + 1,
                            _again(rng, document[int(rng.random() * len(document))], pool))


def _agreements(rng, count, lines, pool):
    documents = []
    for _ in range(count):
        told = clauses.agreement(rng, max(2, int(lines / count * (0.5 + rng.random()))))
        told = clauses.joined(rng, told) if rng.random() < 0.3 else told
        documents.append([line.split(" ") for line in told])
    _overlap(rng, documents, pool, 0.6 * rng.random() ** 2)
    return documents


def _prose(rng, count, lines, pool):
    each = max(1, int(lines / count / 1.2))
    if rng.random() < 0.5:  # about the same things
        told = []
        while len(told) < each * count:
            told += pool.neighbours(rng, 4 + int(rng.random() * 20))
        if rng.random() < 0.6:
            rng.shuffle(told)
    else:
        told = [pool.sentence(rng) for _ in range(each * count)]
    documents = [told[i * each:(i + 1) * each] for i in range(count)]
    _overlap(rng, documents, pool, 0.2 + 0.6 * rng.random())
    return documents


def _news(rng, count, lines, pool):
    told = clauses.facts(rng, max(2, int(lines / count / 0.75)))
    documents = []
    for i in range(count):
        document = [rng.choice(wordings).split(" ") for wordings in told if rng.random() < 0.7]
        rng.shuffle(document)
        documents.append(document or [told[0][0].split(" ")])
    if rng.random() < 0.3:
        _overlap(rng, documents, pool, 0.3)
    return documents


def _draw(rng, longest, pool):
    count = 4 if rng.random() < 0.45 else 2 + int(rng.random() * 3)
    low = 40 if rng.random() < 0.35 else longest * 0.4
    lines = max(count, (low + (longest - low) * rng.random()) / TOKENS_A_LINE)
    r = rng.random()
    if pool is None or r < 0.45:
        documents = (_agreements if pool is None or r < 0.37 else _news)(rng, count, lines, pool)
    elif r < 0.85:
        documents = _prose(rng, count, lines, pool)
    else:
        documents = [d for kind in (_agreements, _prose) for d in kind(rng, 2, lines / 2, pool)]
        _overlap(rng, documents, pool, 0.3)
    if rng.random() < ODD:
        documents = _odd(rng, documents)
        _overlap(rng, documents, pool, 0.1)
    return _cut(documents, longest)


def _odd(rng, documents):
    """Puts words into lines that prose hardly has, so that all tokens are copied now and then."""
    share = 0.3 * rng.random()
    return [[line[:(at := int(rng.random() * len(line)))] + [odd_chunk(rng)] + line[at + int(rng.random() * 2):]
             if rng.random() < share else line for line in d] for d in documents]


def _cut(documents, longest):
    """As many lines as fit, the same share of each document."""
    size = sum(len(tokens(line)) + 1 for d in documents for line in d)
    if size > longest:
        share = longest / size
        documents = [d[:max(1, int(len(d) * share))] for d in documents]
        while sum(len(tokens(line)) + 1 for d in documents for line in d) > longest:
            most = max(documents, key=len)
            if len(most) == 1:
                break
            most.pop()
    return documents


def fresh(rng, part, texts=None):
    """Documents to be merged."""
    source = random.Random(int(rng.integers(1 << 62)))
    while True:
        problem = _draw(source, longest_at(part), texts)
        # As lines are told apart where documents are read.
        problem = [[s.split() for line in d for s in english.sentences(" ".join(line))] for d in problem]
        if not all(problem) or not any(stems(x) for d in problem for x in d):
            continue
        size = len(root_tokens(problem))
        if size - 2 <= MOST_PROBLEM and size + len(answer(problem)) <= CONTEXT - _MARGIN:
            return problem


# ---------------------------------------------------------------- layout

_NEW_LINE = encode("\n")[0]


def root_tokens(problem):
    """`<|bos|><|document|>` and the documents, `<|sep|>` between them, a sentence a line."""
    out = [BOS, DOCUMENT]
    for i, document in enumerate(problem):
        if i:
            out.append(SEP)
        for j, line in enumerate(document):
            if j:
                out.append(_NEW_LINE)
            out += tokens(line)
    return out


def prompt(problem):
    """What the model reads before it answers."""
    return np.array(root_tokens(problem) + [SOLVE])


def kept(problem):
    """For each document the lines that those before do not cover."""
    parts, said = [], set()
    for document in problem:
        part = []
        for line in document:
            content = stems(line)
            if not english.covered(content, said):
                part.append(line)
                said.update(content)
        parts.append(part)
    return parts


def answer(problem):
    """The right answer's tokens without the end."""
    return np.array(_joined(kept(problem), SEP), np.int64)


def _joined(parts, between):
    """Parts as tokens; `between` stands between two, or only a line break if it is None."""
    out = []
    for i, part in enumerate(parts):
        if i and between is not None:
            out.append(between)
        for j, line in enumerate(part):
            if j or (between is None and out):
                out.append(_NEW_LINE)
            out += tokens(line)
    return out


def _hinted_root(problem):
    """The root's tokens, and hints: at each word whether it is new, at each line's end whether it is kept."""
    ids, hints, said = [BOS, DOCUMENT], [NO_TARGET, NO_TARGET], set()
    for i, document in enumerate(problem):
        for j, line in enumerate(document):
            content, begin = [], len(ids)
            for k, text in enumerate(line):
                chunk = TABLE[text]
                mine = chunk.bare if k == 0 else chunk.spaced
                ids += mine
                hints += [NO_TARGET] * len(mine)
                if chunk.stems:
                    content += chunk.stems
                    at = max(begin, len(ids) - len(chunk.spaced) + chunk.word_end)
                    hints[at] = NO if all(s in said for s in chunk.stems) else YES
            keep = not english.covered(content, said)
            if keep:
                said.update(content)
            last_line = j == len(document) - 1
            if not last_line or i < len(problem) - 1:
                ids.append(SEP if last_line else _NEW_LINE)
                hints.append(YES if keep else NO)
    return ids, hints


# ---------------------------------------------------------------- grades


class _Grader:
    """Grades merges of one problem by their words."""

    def __init__(self, problem):
        self.contents = [stems(line) for d in problem for line in d]
        self.most = english.most_repetition([w for d in problem for line in d for w in words(line)])

    def score(self, merged, found):
        """Coverage and repetition of a merge, given its content words and all its words."""
        return english.coverage(self.contents, merged), english.repetition(found)

    def solved(self, merged, found):
        covers, repeats = self.score(merged, found)
        return covers >= english.SOLVED_COVERAGE and repeats <= self.most


def read(problem, ids):
    """The text of an answer's tokens, or None where it has not a part for each document."""
    ids = [int(i) for i in ids]
    if ids.count(SEP) != len(problem) - 1:
        return None
    parts, part = [], []
    for i in ids + [SEP]:
        if i == SEP:
            parts.append(tokenizer().decode(part))
            part = []
        else:
            part.append(i)
    return "\n".join(p for p in parts if p.strip()) or None


def score(problem, ids):
    """Coverage and repetition of an answer's tokens; 0 and 1 where it cannot be read."""
    text = read(problem, ids)
    if text is None:
        return 0.0, 1.0
    return _Grader(problem).score(set(english.content_words(text)), english.words(text))


def right(problem, ids):
    """Whether an answer's tokens are a solution."""
    text = read(problem, ids)
    return text is not None and _Grader(problem).solved(set(english.content_words(text)), english.words(text))


def score_error(problem, ids):
    """1 - the harmonic mean of coverage and what is not repeated."""
    covers, repeats = score(problem, ids)
    fresh_share = 1 - repeats
    return 1 - 2 * covers * fresh_share / (covers + fresh_share) if covers + fresh_share else 1.0


# ---------------------------------------------------------------- quality



def _concatenated(problem):
    return english.repetition([w for d in problem for line in d for w in words(line)])


def _figures(problems, found):
    scores = np.array([score(p, a) for p, a in zip(problems, found)])
    plain = np.mean([_concatenated(p) for p in problems])
    return {"coverage": float(scores[:, 0].mean()), "repetition": float(scores[:, 1].mean()),
            "of_concatenation": float(scores[:, 1].mean() / max(1e-9, plain)),
            "solved": float(np.mean([right(p, a) for p, a in zip(problems, found)]))}


def check(model, rng, texts=None):
    """Greedy figures during training."""
    problems = [fresh(rng, 0.2, texts) for _ in range(32)]  # longer ones take long to write
    limit = max(len(answer(p)) for p in problems) + 32
    figures = _figures(problems, measure.write(model, [prompt(p) for p in problems], limit))
    return {k: figures[k] for k in ("coverage", "of_concatenation", "solved")}


def evaluate(model, rng, count, texts=None):
    """Figures: the right answers, greedy, the best of 4 by the score, and the judge on attempts by rule."""
    problems = sorted((fresh(rng, 0.5, texts) for _ in range(max(4, count // 16))), key=lambda p: len(prompt(p)))
    limit, tries = max(len(answer(p)) for p in problems) + 32, 4
    result = {f"right_{k}": v for k, v in _figures(problems, [answer(p) for p in problems]).items()}
    prompts = [prompt(p) for p in problems]
    greedy = measure.write(model, prompts, limit)
    result |= {f"greedy_{k}": v for k, v in _figures(problems, greedy).items()}
    result["greedy_exact"] = float(np.mean([same(a, answer(p)) for p, a in zip(problems, greedy)]))
    source, judged = random.Random(1), {True: [], False: []}
    for problem, before in zip(problems, prompts):
        ids, lines = attempt(source, problem, 4)
        good = right(problem, ids[:-1])
        judged[good].append(np.concatenate((before, ids, [JUDGE])))
    if judged[True] and judged[False]:
        yes, no = (measure.p_yes(model, judged[k]) for k in (True, False))
        result["judge_auroc"] = measure.auroc(yes, no)
    sampled = measure.write(model, [p for p in prompts for _ in range(tries)], limit, 0.7)
    best = [min(sampled[i * tries:(i + 1) * tries], key=lambda a, p=p: score_error(p, a)) for i, p in enumerate(problems)]
    return result | {f"best_of_4_{k}": v for k, v in _figures(problems, best).items()}


# ---------------------------------------------------------------- attempts


def _garbled(rng, line, problem):
    """A line with a slip: a word lost or said twice, another word, the end of another line, or no end."""
    at = int(rng.random() * len(line))
    kind = rng.random()
    if kind < 0.25 and len(line) > 1:
        return line[:at] + line[at + 1:]
    if kind < 0.35:
        return line[:at + 1] + line[at:]
    document = problem[int(rng.random() * len(problem))]
    other = document[int(rng.random() * len(document))]
    to = int(rng.random() * len(other))
    if kind < 0.65:
        return line[:at] + [other[to]] + line[at + 1:]
    if kind < 0.85:
        return line[:at + 1] + other[to:]
    return line[:at + 1]


def attempt(rng, problem, mistakes):
    """An answer with about `mistakes` mistakes: its tokens and the end, and the lines it says."""
    parts, lines = [], []
    chance = mistakes / max(1, sum(map(len, problem)))
    said = set()
    for document in problem:
        n, i, part = len(document), 0, []
        contents = [stems(line) for line in document]
        while True:
            line_no = i
            while line_no < n and english.covered(contents[line_no], said):
                line_no += 1
            if chance and rng.random() < chance * max(1, line_no - i):
                if line_no > i and rng.random() < 0.6:
                    line_no = i + int(rng.random() * (line_no - i))
                elif line_no < n:
                    line_no += 1
                    while line_no < n and rng.random() < 0.6 and english.covered(contents[line_no], said):
                        line_no += 1
            if line_no == n:
                break
            line, content = document[line_no], contents[line_no]
            if chance and rng.random() < chance * 0.3:
                changed = _garbled(rng, line, problem)
                if words(changed):
                    line, content = changed, stems(changed)
            part.append(line)
            said.update(content)
            i = line_no + 1
        parts.append(part)
        lines += part
    return _joined(parts, SEP) + [END], lines


def _common(a, b):
    """How many tokens two lists begin with alike."""
    for n, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return n
    return min(len(a), len(b))


def _followed(line, known, first):
    """Which line of a document this one copies, of those from `first` on if it can be; and how far."""
    best, far = None, 0
    for j in (*range(first, len(known)), *range(first)):
        if known[j][0] == line[0]:
            n = _common(line, known[j])
            if n == len(line) == len(known[j]):
                return j, n
            if n > far:
                best, far = j, n
    return best, far


def wanted(problem, ids):
    """What should stand at each place of an answer, given what stands before it; `ids` end with the end.

    Where a line is begun it is to be ended, whether it was right to begin it or not; after it comes the next line
    that those written so far do not cover. Nothing is wanted in words that follow no line.
    """
    want, said, at = [], set(), 0
    ids = [int(i) for i in ids]
    for d, document in enumerate(problem):
        closing = END if d == len(problem) - 1 else SEP
        end = at
        while end < len(ids) and ids[end] not in (SEP, END):
            end += 1
        lines, line = [], []
        for token in ids[at:end]:
            if token == _NEW_LINE:
                lines.append(line)
                line = []
            else:
                line.append(token)
        if at < end:
            lines.append(line)
        known, contents = [tokens(x) for x in document], [stems(x) for x in document]
        i, unsaid, n = 0, None, len(document)
        for number in range(len(lines) + 1):
            right_line = i
            while right_line < n and english.covered(contents[right_line], said):
                right_line += 1
            goal = known[right_line] if right_line < n else None
            inside = number and lines[number - 1]
            if number or not lines:
                want.append(unsaid or (closing if goal is None else _NEW_LINE if inside else goal[0]))
            if number == len(lines):
                break
            line = lines[number]
            if not line:
                continue
            here = [goal[0] if goal else NO_TARGET if number else closing]
            j, far = _followed(line, known, i)
            straight = _common(line, goal) if goal else 0
            for k in range(1, len(line)):
                here.append(goal[k] if 0 < k <= straight and k < len(goal)
                            else known[j][k] if k <= far and k < len(known[j])
                            else _NEW_LINE if k == far and right_line + 1 < n else NO_TARGET)
            want += here
            own = known[j] if far else ()
            unsaid = (goal[len(line)] if straight == len(line) < len(goal or ())
                      else own[len(line)] if far == len(line) < len(own) else None)
            if far == len(line) == len(own):
                said.update(contents[j])
            else:
                said.update(english.content_words(tokenizer().decode(line)))
            if far:
                i = max(i, j + 1)
        at = end + 1
        if at >= len(ids):
            break
    return want + [NO_TARGET] * (len(ids) - len(want))


def _add(tree, parent, head, problem, ids):
    """Appends an attempt, its end included, below `parent`; `head` comes before it."""
    targets = [NO_TARGET] * (len(head) - 1) + wanted(problem, ids) + [NO_TARGET]
    return tree.add(parent, np.array(list(head) + list(ids), np.int64), np.array(targets, np.int64), ANSWER)


def _try(rng, tree, parent, head, problem, grader, mistakes):
    ids, lines = attempt(rng, problem, mistakes)
    seg = _add(tree, parent, head, problem, ids)
    merged = {s for line in lines for s in stems(line)}
    tree.verdict(seg, bool(lines) and grader.solved(merged, [w for line in lines for w in words(line)]))
    return seg


def example(rng, part, texts=None, own=None):
    """Documents with attempts to merge them; `own` are documents and the tokens of the model's own attempt."""
    if own is not None:
        problem, tried = own
    else:
        problem, tried = fresh(rng, part, texts), None
    source = random.Random(int(rng.integers(1 << 62)))
    draw = source.random
    tree = Tree("documents")
    ids, hints = _hinted_root(problem)
    root = tree.add(-1, np.array(ids, np.int64), np.array(hints, np.int64), HINT)
    size = len(answer(problem)) + 4
    slack = 40
    grader = _Grader(problem)

    def fits(more, path):
        return tree.length + more + slack <= CONTEXT and path + more + slack <= CONTEXT

    def mistakes():
        r = draw()
        return 0 if r < 0.3 else 1.5 if r < 0.6 else 4 if r < 0.85 else 10

    if tried is not None and tree.length + len(tried) + size + 8 <= CONTEXT:
        seg = _add(tree, root, [SOLVE], problem, [int(i) for i in tried] + [END])
        tree.verdict(seg, right(problem, tried))
        if fits(size, len(ids) + len(tried)):
            _try(source, tree, seg, [IMPROVE], problem, grader, 0)
        return tree
    if tried is None and draw() < 0.1 and fits(3 * size, len(ids)):
        count = 2
        head = [MERGE]
        for i in range(count):
            found = attempt(source, problem, mistakes())[1]
            head += ([SEP] if i else []) + _joined([found], None)
        if fits(len(head) + size, len(ids)):
            _try(source, tree, root, head + [SOLVE], problem, grader, 0 if draw() < 0.7 else mistakes())
            return tree
    first = _try(source, tree, root, [SOLVE], problem, grader, 0 if draw() < 0.5 or not fits(1.3 * size, 0) else mistakes())
    end = tree.ends[first]
    if draw() < 0.35 and fits(1.3 * size, end):
        seg = _try(source, tree, first, [IMPROVE], problem, grader, 0 if draw() < 0.7 else mistakes())
        end = tree.ends[seg]
        if draw() < 0.3 and fits(1.3 * size, end):
            _try(source, tree, seg, [IMPROVE], problem, grader, 0)
    while draw() < 0.5 and fits(1.3 * size, len(ids)) and len(tree.ends) < 12:
        _try(source, tree, root, [SOLVE], problem, grader, mistakes())
    return tree
