"""Texts from patterns: `{one|another|}` is a choice, choices nest, `<name>` is a text or a pattern by that name."""

import re

_TOKEN = re.compile(r"[{}|]|<[a-z]+>|[^{}|<]+|<")


def compile_pattern(pattern):
    """A pattern as nested tuples: text, ("name",), or [alternatives], each a list of such."""
    stack = [[[]]]
    for token in _TOKEN.findall(pattern):
        if token == "{":
            stack.append([[]])
        elif token == "|" and len(stack) > 1:
            stack[-1].append([])
        elif token == "}":
            choices = stack.pop()
            stack[-1][-1].append(choices)
        elif token[0] == "<" and token[-1] == ">" and len(token) > 2:
            stack[-1][-1].append((token[1:-1],))
        else:
            stack[-1][-1].append(token)
    if len(stack) != 1:
        raise ValueError(f"braces do not match: {pattern}")
    return stack[0][0]


class Grammar:
    """Named patterns, expanded with a `random.Random`."""

    def __init__(self, names):
        """`names`: for each name its alternatives, patterns all."""
        self.names = {name: [compile_pattern(p) for p in patterns] for name, patterns in names.items()}

    def expand(self, rng, compiled, given=()):
        """A text of a compiled pattern; `given` maps names to texts and wins over the grammar's own."""
        out = []
        self._expand(rng.random, compiled, dict(given), out)
        return " ".join("".join(out).split())

    def _expand(self, random, parts, given, out):
        for part in parts:
            if type(part) is str:
                out.append(part)
            elif type(part) is tuple:
                found = given.get(part[0])
                if found is not None:
                    out.append(found)
                else:
                    choices = self.names[part[0]]
                    self._expand(random, choices[int(random() * len(choices))], given, out)
            else:
                self._expand(random, part[int(random() * len(part))], given, out)
