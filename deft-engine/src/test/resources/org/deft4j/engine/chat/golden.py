"""Writes golden.json: what Python's jinja2, set up as the transformers library does, makes of the
templates beside this script. Run: python golden.py (jinja2 3.1)."""
import datetime, glob, json, os
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 11, 25, 9, 5, 7)

def raise_exception(message):
    raise ValueError(message)

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = NOW.strftime

U = lambda c: {"role": "user", "content": c}
A = lambda c: {"role": "assistant", "content": c}
S = lambda c: {"role": "system", "content": c}
tool = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a place, in °C",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "integer", "default": 1.5}},
                       "required": ["place"]}}}
call = {"role": "assistant", "content": "", "tool_calls": [
    {"type": "function", "id": "abcdefghi", "function": {"name": "get_weather", "arguments": {"place": "Zürich", "days": 2}}}]}
result = {"role": "tool", "content": "{\"t\": 7}", "tool_call_id": "abcdefghi", "name": "get_weather"}
CASES = [
    ("plain", dict(messages=[U("Hello")])),
    ("system", dict(messages=[S("You are terse.\n"), U(" What is 2 + 2? ")])),
    ("turns", dict(messages=[U("Hi"), A("Hi there  "), U("Who are you"), A("   I am an assistant   "), U("Än 'other' \"question\" 🙂")])),
    ("no prompt", dict(messages=[U("a"), A("b")], add_generation_prompt=False)),
    ("thinking", dict(messages=[U("1+1?"), A("<think>\none and one\n</think>\n\n2"), U("and 2+2?")])),
    ("not thinking", dict(messages=[U("1+1?")], enable_thinking=False)),
    ("tools", dict(messages=[S("Help."), U("Weather in Zürich?")], tools=[tool])),
    ("tool call", dict(messages=[U("Weather?"), call, result], tools=[tool])),
    ("two users", dict(messages=[U("a"), U("b")])),
    ("empty system", dict(messages=[S(""), U("x")])),
    ("parts", dict(messages=[{"role": "user", "content": [{"type": "text", "text": " look "}, {"type": "image"}]}])),
    ("date", dict(messages=[U("x")], date_string="01 Jan 2027", tools=None)),
]
out = []
here = os.path.dirname(os.path.abspath(__file__))
for path in sorted(glob.glob(here + "/*.jinja")):
    template = env.from_string(open(path, newline="").read())
    for name, variables in CASES:
        v = {"add_generation_prompt": True, "bos_token": "<BOS>", "eos_token": "<EOS>", **variables}
        case = {"template": os.path.basename(path), "case": name, "variables": variables}
        try:
            case["prompt"] = template.render(**v)
        except Exception as e:
            case["error"] = f"{type(e).__name__}: {e}"
        out.append(case)
constructs = [
    "{%- for x in [3,1,2][::-1] -%}{{ loop.index }}:{{ x }}{{ ', ' if not loop.last }}{%- endfor %}",
    "{% set ns = namespace(a=1, b='x') %}{% for i in range(4) %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b ~ 1.5 ~ none ~ true }}",
    "{% macro f(a, b='z') %}<{{ a }}{{ b }}>{% endmacro %}{{ f(1) }}{{ f('q', b=2) }}{{ f(b=3, a=[1,'x']) }}",
    "a\n  {% if 1 < 2 <= 2 %}\nb\n  {%- endif %}\n  {# note #}\nc {{- ' d' -}}  \n e\n",
    "{{ 'a b  c'.split() }}{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1)[-1] }}{{ 'abc'[1:] }}{{ 'abc'[-2] }}{{ 'abcdef'[4:1:-2] }}",
    "{{ ' x '.strip() ~ '|' ~ 'xxaxx'.strip('x') ~ '|' ~ 'hello world'.title() ~ '|' ~ 'ab'.upper() }}{{ 'ab' is string }}{{ 1 is number }}{{ {} is mapping }}",
    "{{ {'b': 1, 'a': [true, none, 1.0, 'q\"\\n']} | tojson }}{{ {'b': {'c': []}} | tojson(indent=2) }}{{ {'x': 'it\\'s'} }}",
    "{% for k, v in {'a': 1, 'b': 2}.items() if v > 1 %}{{ k }}={{ v }}{% else %}none{% endfor %}{% for x in [] %}{% else %}empty{% endfor %}",
    "{{ [1,2,3] | length }}{{ [1,2] + [3] }}{{ 'a' in 'cat' }}{{ 4 not in [1] }}{{ 7 // 2 }}{{ -7 % 3 }}{{ 7 / 2 }}{{ 2 * 3 - 1 }}",
    "{{ x is defined }}{{ x is not defined and true }}{{ x | default('d') }}{{ '' | default('e', true) }}{{ none is none }}{{ (1, 'a') | first }}",
    "{% set t %}a{{ 1 }}{% endset %}{{ t | upper }}{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | map(attribute='n') | join('-') }}{{ [{'n': 'a', 'k': 1}, {'n': 'b'}] | selectattr('k', 'defined') | list | length }}{{ ['b', 'a'] | map('upper') | list }}",
    "{{ 'x\ny\n\nz' | indent(2) }}{{ 'aXbX' | replace('X', '-') }}{{ 'q' * 3 }}{{ ['a','b'] | last }}{{ 'abc' | reverse }}{{ '7' | int + 1 }}{{ -1 | abs }}",
    "{{ raise_exception('no') }}", "{{ x.y.z }}", "{{ strftime_now('%d %b %Y, %H:%M:%S %A %B %j %p') }}", "{{ 1.0 }}{{ 1e3 if false }}{{ 0.1 + 0.2 }}{{ 100000000000000000.0 }}",
    "{% for m in [1,2,3] %}{{ loop.first }}{{ loop.revindex0 }}{{ loop.previtem is defined }}{{ loop.length }}{% endfor %}",
    "{{ 'a' ~ 'b' | upper }}{{ not true or true }}{{ 1 if false }}{{ 'x' if true else 'y' }}{{ [] or 'alt' }}{{ {'a': 1}.get('b', 5) }}{{ {'a': 1}['a'] }}{{ 'Abc'.startswith(('x', 'A')) }}",
    "{% set a, b = [1, 2] %}{{ a }}{{ b }}{% if a is even %}e{% elif b is even %}f{% else %}g{% endif %}{%+ if true %} k{% endif %}",
]
for i, source in enumerate(constructs):
    case = {"source": source, "case": f"construct {i}", "variables": {"messages": []}}
    try:
        case["prompt"] = env.from_string(source).render(messages=[], add_generation_prompt=True)
    except Exception as e:
        case["error"] = f"{type(e).__name__}: {e}"
    out.append(case)
with open(here + "/golden.json", "w") as f:
    json.dump(out, f, ensure_ascii=False, indent=1)
print(len(out), "cases,", sum("error" in c for c in out), "errors")
for c in out:
    if "error" in c: print(c.get("template", c.get("source")), "|", c["case"], "|", c["error"][:100])
