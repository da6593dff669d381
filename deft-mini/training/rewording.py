"""Other wordings of a line: what writers change when they say a thing again, and what they change to say another.

All work on chunks (the words between blanks) with a `random.Random`. Whether the result still counts as the same is
for `english.covered` to say.
"""

SWAPS = [line.split() for line in (
    "shall will must", "may can", "a the", "any all", "this the", "each every", "and or", "big large", "begin start",
    "end finish", "help assist", "buy purchase", "show demonstrate", "often frequently", "also too", "but yet",
    "because since", "if when", "over above", "under below", "near beside", "without lacking", "several many",
    "small little", "quick fast", "entire whole", "use employ", "get obtain", "give provide", "keep retain",
    "need require", "ask request", "make create", "change alter", "people persons", "contract agreement",
    "information data", "company firm", "written printed", "immediately promptly", "however nevertheless",
    "disclose reveal", "protect safeguard", "terminate cancel", "obligation duty", "person individual",
    "document paper", "in within", "not never", "one 1", "two 2", "three 3", "four 4", "five 5", "six 6", "seven 7",
    "eight 8", "nine 9", "ten 10", "twelve 12", "thirty 30", "is was", "are were", "has had", "have had", "says said")]
_SWAP = {}
for group in SWAPS:
    for word in group:
        _SWAP.setdefault(word, []).extend(w for w in group if w != word)

OPENERS = ("In addition,", "Moreover,", "However,", "Furthermore,", "As agreed,", "In general,", "Note that", "It is said that",
           "According to reports,", "For this reason,", "In this case,", "Of course,", "Here", "Then", "Therefore,")
CLOSERS = ("in general", "as well", "at all times", "in this case", "as stated above", "of course", "for the time being",
           "as far as possible", "in every respect", "as described here", "in part", "where necessary", "in the end")
CONTRACTIONS = {("do", "not"): "don't", ("does", "not"): "doesn't", ("is", "not"): "isn't", ("are", "not"): "aren't",
                ("will", "not"): "won't", ("it", "is"): "it's", ("can", "not"): "can't", ("did", "not"): "didn't",
                ("was", "not"): "wasn't", ("would", "not"): "wouldn't"}
_CLOSING = ".,;:!?)\"”’"


def _parts(chunk):
    """A chunk without its closing punctuation, and that."""
    core = chunk.rstrip(_CLOSING)
    return core, chunk[len(core):]


def _lower(chunk):
    """A line's first chunk within a line, unless it is a name or I."""
    return chunk[0].lower() + chunk[1:] if chunk[1:2].islower() or chunk in ("A", "A,") else chunk


def _upper(chunk):
    return chunk[:1].upper() + chunk[1:]


def swap_words(rng, line, share=0.5):
    """Other function words and a few other words of equal sense."""
    out = []
    for chunk in line:
        core, tail = _parts(chunk)
        others = _SWAP.get(core)
        out.append(others[int(rng.random() * len(others))] + tail if others and rng.random() < share else chunk)
    return out


def inflect(rng, line, share=0.3):
    """Other endings: plurals, the past, the progressive."""
    out = []
    for chunk in line:
        core, tail = _parts(chunk)
        if len(core) > 4 and core.isalpha() and core.islower() and rng.random() < share:
            if core.endswith("ies"):
                core = core[:-3] + "y"
            elif core.endswith("s") and not core.endswith("ss"):
                core = core[:-1]
            elif core.endswith("ing") and len(core) > 6:
                core = core[:-3] + "ed"
            elif core.endswith("ed"):
                core = core[:-2] + "ing"
            elif core[-1] not in "sxyz":
                core += "s"
        out.append(core + tail)
    return out


def turn_clauses(rng, line):
    """What stands behind the first comma, or behind a conjunction or preposition, comes first."""
    places = [i for i in range(2, len(line) - 2) if line[i - 1].endswith(",")
              or line[i] in ("because", "when", "if", "for", "on", "in", "after", "before", "with", "by", "at", "since")]
    if not places or line[0][0] in "\"“'([":
        return line
    at = places[int(rng.random() * len(places))]
    last, closing = _parts(line[-1])
    first = line[at:-1] + [last]
    head, _ = _parts(line[at - 1])
    rest = [_lower(line[0])] + line[1:at - 1] + [head + (closing or "")] if at > 1 else [head + closing]
    first[-1] += ","
    return [_upper(first[0])] + first[1:] + rest


def drop_words(rng, line, share=0.15):
    """Some words are left out."""
    out = [c for c in line if rng.random() >= share]
    return out if len(out) > 2 else line


def drop_span(rng, line):
    """A few words in a row are left out."""
    if len(line) < 6:
        return line
    n = 1 + int(rng.random() * len(line) * 0.4)
    at = int(rng.random() * (len(line) - n))
    return line[:at] + line[at + n:]


def add_words(rng, line):
    """A few words before it or behind."""
    if rng.random() < 0.5:
        return OPENERS[int(rng.random() * len(OPENERS))].split() + [_lower(line[0])] + line[1:]
    core, tail = _parts(line[-1])
    return line[:-1] + [core] + CLOSERS[int(rng.random() * len(CLOSERS))].split()[:-1] + [
        CLOSERS[int(rng.random() * len(CLOSERS))].split()[-1] + tail]


def contract(rng, line):
    """`is not` becomes `isn't`."""
    out = []
    for chunk in line:
        short = CONTRACTIONS.get((out[-1], _parts(chunk)[0])) if out else None
        if short:
            out[-1] = short + _parts(chunk)[1]
        else:
            out.append(chunk)
    return out


def change_facts(rng, line, other):
    """Some words become words of another line, from a third of them on mostly another fact."""
    out = list(line)
    share = 0.1 + 0.5 * rng.random()
    for i in range(len(out)):
        if rng.random() < share and len(out[i]) > 3:
            core, tail = _parts(out[i])
            new = _parts(other[int(rng.random() * len(other))])[0]
            if new:
                out[i] = new + tail
    return out


def cross(rng, line, other):
    """The beginning of one and the end of another."""
    a, b = int(len(line) * (0.2 + 0.6 * rng.random())), int(len(other) * (0.2 + 0.6 * rng.random()))
    return line[:max(1, a)] + other[b:]


_REWORDINGS = (swap_words, inflect, turn_clauses, turn_clauses, drop_words, drop_span, add_words, contract)


def reworded(rng, line):
    """The line with one to three changes."""
    if len(line) < 3:
        return line
    for _ in range(1 + int(rng.random() * 3)):
        line = _REWORDINGS[int(rng.random() * len(_REWORDINGS))](rng, line)
    return line
