"""Policy files that nobody should write: made by a grammar, and made of good ones by cutting, mixing and repeating."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_HASH: Final = "0" * 64
GOOD: Final = f"""# who may send
ingest_keys:
  - name: agents
    team: payments
    sha256: "{KEY_HASH}"
    expires: 2030-12-31
    spans_per_second: 100
retention:
  days: 30
  rules: [{{team: payments, days: 90}}]
redaction:
  actions: {{PERSON: pseudonym, CREDIT_CARD: drop}}
  deny:
    - Project Nile
    - regex: 'EMP-[0-9]{{6}}'
  recognizers:
    - name: Badge
      supported_entity: EMPLOYEE_ID
      patterns: [{{regex: 'B[0-9]{{5}}', score: 0.8}}]
  teams:
    payments: {{actions: {{PHONE_NUMBER: mask}}}}
prices:
  - {{model: ours, since: 2026-12-01, per_second: 0.0012}}
"""

_TOKENS: Final = (
    *(
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "- ",
        "? ",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!!python/name:os.system ",
        "!x ",
        "|\n",
    ),
    *(
        ">-\n",
        "'",
        '"',
        "#",
        "%",
        "@",
        "`",
        "---\n",
        "...\n",
        "\t",
        "\r",
        "\n",
        "\n  ",
        "\x00",
        "\x1b",
        "\x85",
        "\u2028",
    ),
    *(
        "\ufeff",
        "\U0001f600",
        "~",
        "null",
        "yes",
        "=",
        ".nan",
        "-.inf",
        "1e999",
        "0x1F",
        "1:1:1",
        "9" * 500,
        "-0",
        "0o8",
    ),
    *("2026-13-01", "0001-01-01", "9999-12-31", "2026-12-31T00:00:00+99:99", '"\\ud800"', '"\\0"', "*nowhere"),
)
_NAMES: Final = (
    *("ingest_keys", "name", "sha256", "team", "expires", "retention", "days", "rules", "redaction", "actions", "deny"),
    *("allow", "regex", "recognizers", "patterns", "score", "teams", "prices", "model", "since", "runs", "attributes"),
    *("supported_entity", "deny_list", "context", "thresholds", "default_action", "pseudonym_digits", "session", "0"),
)


def policy_file(number: int) -> bytes:
    """Return the hostile policy file of this number, always the same."""
    chance = random.Random(number)
    return chance.choice(_MAKERS)(chance)


def _cut(chance: random.Random) -> bytes:
    content = GOOD.encode()
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return chance.choice((content[:end], content[start:], content[:start] + content[end:]))


def _bytes_changed(chance: random.Random) -> bytes:
    content = bytearray(GOOD.encode())
    for _ in range(chance.randint(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def _lines_mixed(chance: random.Random) -> bytes:
    lines = GOOD.splitlines(keepends=True)
    for _ in range(chance.randint(1, 8)):
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
        del lines[chance.randrange(len(lines))]
    return "".join(lines).encode()


def _tokens_put_in(chance: random.Random) -> bytes:
    content = GOOD
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(content))
        content = content[:place] + chance.choice(_TOKENS) * chance.choice((1, 1, 1, 40, 3000)) + content[place:]
    return content.encode("utf-8", "surrogatepass")


def _tokens_alone(chance: random.Random) -> bytes:
    parts = (*_TOKENS, *_NAMES)
    return "".join(chance.choice(parts) for _ in range(chance.randint(1, 60))).encode("utf-8", "surrogatepass")


def _value_changed(chance: random.Random) -> bytes:
    lines = GOOD.splitlines()
    place = chance.randrange(len(lines))
    lines[place] = f"{lines[place].partition(':')[0]}: {_value(chance, 0)}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _whole_section(chance: random.Random) -> bytes:
    return "\n".join(f"{chance.choice(_NAMES)}: {_value(chance, 0)}" for _ in range(chance.randint(1, 6))).encode(
        "utf-8", "surrogatepass"
    )


def _value(chance: random.Random, depth: int) -> str:
    kind = chance.randrange(4 if depth < 6 else 1)
    if kind == 1:
        return "[" + ", ".join(_value(chance, depth + 1) for _ in range(chance.randint(0, 4))) + "]"
    if kind == 2:
        pairs = [f"{chance.choice(_NAMES)}: {_value(chance, depth + 1)}" for _ in range(chance.randint(0, 4))]
        return "{" + ", ".join(pairs) + "}"
    return chance.choice((*_TOKENS, *_NAMES, KEY_HASH, "PERSON", "drop", "30", "0.5", "acme"))


def _deep(chance: random.Random) -> bytes:
    opening = chance.choice((b"[", b"{a: ", b"- ", b"? ", b"a:\n ", b"[{b: ", b"&a [", b"? [", b"!!seq ["))
    return opening * chance.choice((5, 31, 33, 900, 50_000))


def _multiplied(chance: random.Random) -> bytes:
    """Aliases of aliases, as lists, mappings or merges."""
    shape = chance.choice(("[{}]", "{{<<: [{}]}}", "{{a: [{}]}}"))
    lines = ["a0: &a0 {x: y}"]
    for level in range(1, chance.randint(2, 30)):
        repeated = ", ".join([f"*a{level - 1}"] * chance.randint(1, 12))
        lines.append(f"a{level}: &a{level} {shape.format(repeated)}")
    return "\n".join(lines).encode()


def _many(chance: random.Random) -> bytes:
    line, times = chance.choice(
        (
            (f"  - {{name: a, sha256: '{KEY_HASH}'}}\n", 300),
            ("  x: 1\n", 2000),
            ("  - [\n", 500),
            ("  - {name: a}\n", 1000),
            ("# remark\n", 5000),
            ("\n", 20_000),
        )
    )
    return ("ingest_keys:\n" + line * chance.randint(1, times)).encode()


def _pattern(chance: random.Random) -> bytes:
    """Return a file with a regular expression that has no bound, or none that is known; few, since each is tried."""
    if chance.random() < 0.97:
        return _value_changed(chance)
    parts = ("(", ")", "a", "{2,9}", "{1,1000}", "*", "+", "(?:", "[^", "]", "|", "\\", "(?R)", "(?<=", "{99999999999}")
    text = "".join(chance.choice(parts) for _ in range(chance.randint(1, 40)))
    text = chance.choice((text, "(?:" * 30 + "a{2,9}" + "){2,9}" * 30, "(" * 400 + "a" + ")" * 400))
    return f"redaction:\n  allow:\n    - regex: '{text}'\n".encode()


def _other_encoding(chance: random.Random) -> bytes:
    return chance.choice(
        (
            GOOD.encode("utf-16"),
            GOOD.encode("utf-8-sig"),
            chance.randbytes(chance.randint(0, 2000)),
            GOOD.encode("utf-32"),
        )
    )


_MAKERS: Final[tuple[Callable[[random.Random], bytes], ...]] = (
    _cut,
    _bytes_changed,
    _lines_mixed,
    _tokens_put_in,
    _tokens_alone,
    _value_changed,
    _whole_section,
    _deep,
    _multiplied,
    _many,
    _pattern,
    _other_encoding,
)
