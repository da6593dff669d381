"""Fetches the English that deft-mini reads in training, as clean sentences.

Each source is a Debian package of texts in the public domain or under an MIT, BSD or WordNet licence. `apt-get
download` brings it in one exact version; its hash and the words of its licence are checked before anything is read.

    python3 texts.py FOLDER     writes sentences.txt (a sentence a line, an empty line between sources) and sources.json

Needs Debian 12 (apt, dpkg-deb), no root.
"""

import argparse
import glob
import gzip
import hashlib
import html.parser
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Callable

FEWEST_WORDS, MOST_WORDS, MOST_CHARACTERS = 6, 40, 260


# ---------------------------------------------------------------- sentences

_PLAIN = str.maketrans({"‘": "'", "`": "'", "\u00a0": " ", "—": "-", "–": "-", "…": "...", "−": "-"})
_END = re.compile(r"(?<=[.!?])(?:(?<=[.!?])|(?<=[.!?][\"”')]))\s+(?=[A-Z\"“'(])")
_ABBREVIATED = re.compile(r"(?:^|[\s(\"“'])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Inc|Ltd|Co|Corp|vs|etc|cf|e\.g|i\.e|[Ff]ig|[Ss]ec|[Cc]h)\.$")
_ALLOWED = re.compile(r"[A-Za-z0-9 ,.;:'\"“”’()?!%$&-]+")
_WORDLIKE = re.compile(r"[\"“'(]*[A-Za-z]+(?:['’-][A-Za-z]+)*[.,;:!?)\"”'’]*|[\"“'(]*\d+(?:[.,]\d+)*%?[.,;:!?)\"”'’]*|-{1,2}|&")
_CODE = re.compile(r"[A-Za-z]\.[A-Za-z]|[a-z][A-Z]|\(\)|\b[A-Z]{4,}\b|--|\b(?:http|www)\b| [,;]|\"\"|''")


def sentences(paragraph):
    """The sentences of a paragraph that read like prose; the rest of it is passed over."""
    text = " ".join(paragraph.translate(_PLAIN).split())
    open_part = ""
    for part in _END.split(text):
        open_part = f"{open_part} {part}" if open_part else part
        if _ABBREVIATED.search(open_part):
            continue
        if proper(open_part):
            yield open_part
        open_part = ""
    if open_part and proper(open_part):
        yield open_part


def proper(text):
    """Whether a text is one sentence of plain English words."""
    words = text.split()
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or len(text) > MOST_CHARACTERS:
        return False
    if not re.match(r"[\"“'(]?[A-Z]", text) or not re.search(r"[.!?][\"”')]?$", text):
        return False
    if not _ALLOWED.fullmatch(text) or _CODE.search(text):
        return False
    if any(text.count(a) != text.count(b) for a, b in ("()", "“”")) or text.count('"') % 2:
        return False
    plain = sum(w[0].islower() for w in words)
    return plain >= 0.6 * len(words) and all(_WORDLIKE.fullmatch(w) for w in words)


# ---------------------------------------------------------------- readers: folder of the package -> paragraphs


class _Paragraphs(html.parser.HTMLParser):
    """The text of paragraphs and list items; headings, tables and listings are left out."""

    BLOCKS = {"p", "li", "dd", "dt", "div", "td", "th", "tr", "table", "ul", "ol", "dl", "h1", "h2", "h3", "h4",
              "h5", "h6", "blockquote", "body", "br", "hr", "section", "center"}
    HIDDEN = {"pre", "script", "style", "table", "title", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "head"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paragraphs, self.text, self.hidden = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag in self.BLOCKS or tag == "pre":
            self.flush()
        self.hidden += tag in self.HIDDEN and tag not in ("head", "dt")

    def handle_endtag(self, tag):
        if tag in self.BLOCKS or tag == "pre":
            self.flush()
        self.hidden = max(0, self.hidden - (tag in self.HIDDEN and tag not in ("head", "dt")))

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)

    def flush(self):
        self.paragraphs.append("".join(self.text))
        self.text = []


def read_html(folder):
    for path in sorted(glob.glob(os.path.join(folder, "usr/share/**/*.html"), recursive=True)):
        if re.search(r"(?i)licen|copyright|changes|changelog|release|news|legal|contrib|acronyms|biblio", os.path.basename(path)):
            continue
        with open(path, encoding="utf-8", errors="replace") as f:
            parser = _Paragraphs()
            parser.feed(f.read())
            parser.flush()
        yield from parser.paragraphs


def _blocks(text):
    """Paragraphs of plain text: lines up to an empty one or a change of indentation outwards."""
    return (re.sub(r"-\n\s*(?=[a-z])", "-", b) for b in re.split(r"\n\s*\n", text))


def read_jargon(folder):
    with gzip.open(glob.glob(os.path.join(folder, "usr/share/dictd/*.dict.dz"))[0], "rt", encoding="utf-8") as f:
        for block in _blocks(f.read()):
            block = re.sub(r"^\s*(?:\d+\.\s+)?(?:\[[^]]*\]\s*)*", "", re.sub(r"\{([^}]*)\}", r"\1", block))
            yield block


def read_puzzles(folder):
    with gzip.open(os.path.join(folder, "usr/share/doc/sgt-puzzles/puzzles.txt.gz"), "rt", encoding="utf-8") as f:
        yield from (re.sub(r"^\s*(?:\*|-|\(?[a-z0-9]\))\s+", "", b).replace("_", "") for b in _blocks(f.read()))


def read_bible(folder):
    """The verses, unpacked by the package's own reader."""
    reader = os.path.join(folder, "usr/bin/bible")
    text = subprocess.run(
        [reader, "-l100000", "-p", os.path.join(folder, "usr/lib/"), "-d", "bible.data", "gen1:1-rev22:21"],
        check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        yield re.sub(r"^\s*(?:[1-3]?\s?[A-Za-z ]+)?\d+(?::\d+)?\s+", "", line)


def read_wordnet(folder):
    """The example sentences of glosses; glosses themselves as `A word is ...`."""
    for part in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(folder, f"usr/share/wordnet/data.{part}"), encoding="latin-1") as f:
            for line in f:
                if line.startswith(" "):
                    continue
                fields, gloss = line.split("|", 1)
                for example in re.findall(r'"([^"]+)"', gloss):
                    yield _sentence(example)
                meaning = re.split(r'[;"(]', gloss.strip())[0].strip()
                word = fields.split()[4].replace("_", " ")
                if part == "noun" and re.match(r"(?:an?|the|any|one|someone|something)\s", meaning):
                    if word[0].islower() and word.isascii() and word.replace(" ", "").replace("-", "").isalpha():
                        article = "An" if word[0] in "aeiou" else "A"
                        yield f"{article} {word} is {meaning}."
                elif part == "verb" and re.match(r"[a-z]+\s", meaning) and word.isalpha():
                    yield f"To {word} is to {meaning}."


def _sentence(example):
    text = example.strip().rstrip(",;-")
    if text and text[-1] not in ".?!":
        text += "."
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Source:
    """A package, or two of which one reads the other's text, and the words of its licence."""

    packages: tuple  # (name, version, sha256)
    licence: str
    evidence: str  # a pattern that its copyright file has
    read: Callable


SOURCES = (
    Source((("wordnet-base", "1:3.0-37", "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"),),
           "WordNet", r"Permission to use, copy, modify and distribute this software and\s+database", read_wordnet),
    Source((("bible-kjv-text", "4.38", "d61b6aad4c51ba9e2800b825325fa6a09e99a0d02a9bb6dc4724fcc4995a1b7a"),
            ("bible-kjv", "4.38", "75a49c032a6efa9faa2beb4a9acb70974380122906329d0e100de36cc88ff02d")),
           "public domain", r"copyright for the King James Version text of the Bible is expired", read_bible),
    Source((("dict-jargon", "4.4.7-3.1", "405f8168d7994ed2cb71407bb95493daec2e9aa66fc0461dafa74a9d6728a8c1"),),
           "public domain", r"the Jargon File\) is in the public domain", read_jargon),
    Source((("sqlite3-doc", "3.40.1-2+deb12u2", "466e30d7066e2641fa13e56bc662a2ad521b8cc9c17dde9c9dac3d4f105e32f2"),),
           "public domain", r"Files: \*\s+Copyright: D\. Richard Hipp.*\s+License: public-domain", read_html),
    Source((("postgresql-doc-15", "15.20-0+deb12u1", "4c44bf2c599f208b3f46454a6cf7a72e25ec46ff74d37b59dd31ad76b00eebb7"),),
           "PostgreSQL (MIT-like)", r"Permission to use, copy, modify, and distribute this software and its\s+documentation",
           read_html),
    Source((("xorg-docs", "1:1.7.1-1.2", "4842f9de2722d4a1998d8c8b1d14ef475fbc5e16db7d0954b4c0f5f72bd67440"),),
           "MIT", r"based on the MIT, X Consortium, or BSD", read_html),
    Source((("sgt-puzzles", "20230122.806ae71-2", "aff833d3cc47e7eeb7785a0c7540fbdc1d1ba7af9d2bd5ae045c132ce2bc1cc6"),),
           "MIT", r"Files: \*[^\0]*?License: Expat", read_puzzles),
)


# ---------------------------------------------------------------- fetching


def fetch(source, folder):
    """Downloads and unpacks a source below `folder`; returns where it lies and the bytes fetched."""
    size = 0
    for name, version, sha256 in source.packages:
        subprocess.run(["apt-get", "-q", "download", f"{name}={version}"], cwd=folder, check=True,
                       capture_output=True)
        path, = glob.glob(os.path.join(folder, f"{name}_*.deb"))
        with open(path, "rb") as f:
            data = f.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"{name} {version} is not the package that was checked")
        size += len(data)
        subprocess.run(["dpkg-deb", "-x", path, os.path.join(folder, source.packages[0][0])], check=True)
    name = source.packages[0][0]
    root = os.path.join(folder, name)
    with open(os.path.join(root, "usr/share/doc", name, "copyright"), encoding="utf-8") as f:
        if not re.search(source.evidence, f.read()):
            raise ValueError(f"{name}: its copyright file does not say {source.licence}")
    return root, size


def load(folder, held_out=False):
    """What examples are made from: a `pool.Pool` of the folder's sentences; or those that training never sees."""
    import pool  # the fetching itself needs no tokenizer

    return pool.load(folder, held_out).warm()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    seen, parts, table = set(), [], []
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as work:
            root, fetched = fetch(source, work)
            found = []
            for paragraph in source.read(root):
                for sentence in sentences(paragraph):
                    if sentence not in seen:
                        seen.add(sentence)
                        found.append(sentence)
        text = "".join(s + "\n" for s in found)
        parts.append(text)
        table.append({"package": source.packages[0][0], "version": source.packages[0][1], "licence": source.licence,
                      "fetched_bytes": fetched, "bytes": len(text.encode()), "sentences": len(found)})
        print("{package} {version}, {licence}: {sentences} sentences, {bytes} bytes".format(**table[-1]), flush=True)
    with open(os.path.join(args.folder, "sentences.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(parts))
    with open(os.path.join(args.folder, "sources.json"), "w", encoding="utf-8") as f:
        json.dump(table, f, indent=1)


if __name__ == "__main__":
    main()
