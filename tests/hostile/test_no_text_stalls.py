"""Redaction is linear: for twice as many characters it takes at most 2.5 times as long."""

from __future__ import annotations

import base64
import os
import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from aftermath import assert_unharmed
from otlp_requests import request
from own_thread import in_own_thread

import redaction
import schema
from benchmarks.fragments import fragments, modules, patterns, uses
from collector.pipeline import structured_keys
from redaction.ner import acceptance
from redaction.recognizers.analyzer import Analyzer
from redaction.recognizers.key_rules import KeyRule
from redaction.redactor import Limits, Redactor, build_redactor

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from instance import Instance

ROUNDS: Final = int(os.environ.get("FUZZ_TEXTS", "1"))
MOST: Final = 2.5  # times as long for twice as many characters
STAGES: Final = (24, 32, 44, 64, 128, 4000)  # characters; what is slow at one of them is not tried at the next
SHORT: Final = 128  # characters of a key, of most values under keys, and of the windows that are searched
MEASURABLE: Final = 0.004  # CPU-seconds; shorter times are noise
TAILS: Final = ("\0", "a", "")
OURS: Final = [  # but what reads the statements of operators
    *modules(redaction, ("redaction.training",)),
    *modules(schema, ("schema.store.read_only",)),
    structured_keys,
]


def took(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began


def slow(read: Callable[[str], object], made: Callable[[int], str], longest: int) -> str:
    """Return a sentence if a reader is slower than linear for a text, "" otherwise."""
    for size in STAGES:
        if size > longest:
            return ""
        once = took(read, made(size))
        if once > MEASURABLE and size < STAGES[-1]:
            once = min(once, took(read, made(size)))
            if once > MEASURABLE * 4:
                return f"{once:.3f} s for {size} characters"
    return "" if once < MEASURABLE else grows(read, made, size, MEASURABLE)


def grows(read: Callable[[str], object], made: Callable[[int], str], size: int, measurable: float) -> str:
    """Return a sentence with times if they grow faster than the text, "" otherwise.

    Measured over two doublings, and a second time if the first time fails: other work on the machine slows some calls.
    """
    sentence = ""
    for rounds in (2, 5):
        once, fourfold = (min(took(read, made(length)) for _ in range(rounds)) for length in (size, 4 * size))
        if fourfold <= MOST**2 * once + measurable:
            return ""
        sentence = f"{once:.3f} s for {size} characters, and {fourfold:.3f} s for four times as many"
    return sentence


def texts(pieces: list[str], rng: random.Random, pairs: int) -> Iterator[Callable[[int], str]]:
    """Yield builders of texts of any length from one piece or two: alternating, or one after the other."""
    for piece in pieces:
        tail = rng.choice(TAILS)
        yield lambda size, piece=piece, tail=tail: (piece * (size // len(piece) + 1))[:size] + tail
    for _ in range(pairs if len(pieces) > 1 else 0):
        first, second = rng.sample(pieces, 2)
        tail = rng.choice(TAILS)
        yield lambda size, both=first + second, tail=tail: (both * (size // len(both) + 1))[:size] + tail
        yield (
            lambda size, first=first, second=second, tail=tail: (
                (first * (size // len(first)))[: size // 2] + (second * (size // len(second)))[: size // 2] + tail
            )
        )


def reader(pattern: re.Pattern[str], how: set[str]) -> Callable[[str], object]:
    if how == {"anchored"}:
        return lambda text: (pattern.match(text), pattern.fullmatch(text))
    return lambda text: sum(1 for _ in pattern.finditer(text))


def reaches() -> dict[re.Pattern[str], int]:
    """Return the length of the texts on which the rules for keys are measured."""
    found = {}
    for rule in rules():
        found[rule.key] = SHORT
        found[rule.value] = STAGES[-1] if rule.entity in {"API_KEY", "ACCESS_TOKEN"} else SHORT
    return found


def rules() -> list[KeyRule]:
    held = [value for module in OURS for value in vars(module).values()]
    return [
        one for value in held for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, KeyRule)
    ]


@pytest.mark.parametrize("part", range(4))
def test_every_pattern_is_linear_in_what_it_is_made_of(part: int) -> None:
    reach, used = reaches(), in_own_thread(uses, OURS) | {shape: {"anchored"} for shape in acceptance._SHAPES.values()}
    found = patterns(OURS, Analyzer())
    assert len(found) > 250, "the patterns of the rules are among them"
    bad = {}
    for name, pattern in list(found.items())[part::4]:
        rng = random.Random(name)
        pieces = fragments(pattern)
        # Anchored patterns match what follows the beginning of a key; complete redaction covers the beginnings.
        anchored = pattern in reach or "._kinds." in name
        how = {"anchored"} if anchored else used.get(pattern, {"search"})
        longest = reach.get(pattern, SHORT if how == {"window"} else STAGES[-1])
        for made in texts(rng.sample(pieces, min(len(pieces), 10 * ROUNDS)), rng, 5 * ROUNDS):
            if sentence := slow(reader(pattern, how), made, longest):
                bad[name] = f"{sentence}: {made(60)!r}"
                break
    assert not bad


STRUCTURES: Final = (
    "sk-", "AccountKey=", "secret=", "1", "A-", "\\", '\\"', '[{"\\"', "[", "[{", '{"a":[', "[[[", '{"name":"', "'",
    '{"a":"b"},', '{"name":"Ann Lee"},', "%41", "%", "a%", "=C3=A9", "&amp;", "&#65;", "\\u0041", "<p>", '<a href="',
    "<PERSON> ", "<A", "data:image/png;base64,", "QUJD", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n", "____ Ann Lee ",
    "pin ", 'pin\t"', "password: ", "token:", "dp.pt.", "sl.a/", "a@", "a.b@c.d.", "call 555 0100 ", "4111 1111 ",
    "Ann Lee ", "ann lee, ", "Anna-", "Main St ", "Rue de ", "Haupt", "-----BEGIN PRIVATE KEY-----", "date(", "a/",
    "\u200b", "\uff21", "é", "字", "\u0301", "\n", " \t", "0x", "::", "key=value&", "?a=b", "https://a:b", "u@h:",
    "`", "a.", "12 ",
)  # fmt: skip
COUNTED: Final = (
    '"k#.name":"Ann",', '"name#":"Ann Lee",', '{"name":"Xaver# Lee"},', '"Xaver#":"xaver#",', "token=a1b2c3d4e5f6#. ",
    "Anna# Lee met anna# lee. ", "key#=value&", "ann.lee#@example.com ", "<PERSON> 4539 8051 1234 # ", "%41=#&",
)  # fmt: skip
"""Each of these gets another number, so that no cache helps."""


@pytest.fixture(scope="module")
def uncached() -> Iterator[Redactor]:
    built = build_redactor(limits=Limits(cache_bytes=0))
    built.warm_up()
    yield built
    built.close()


def counted(piece: str, size: int) -> str:
    written = "".join(piece.replace("#", str(number)) for number in range(size // len(piece)))
    return "{" + written if piece[0] == '"' else f"[{written}" if piece[0] == "{" else written


def test_redaction_is_linear_in_all_that_it_takes_apart(uncached: Redactor) -> None:
    rng = random.Random(15)
    pieces = sorted({piece for pattern in patterns(OURS, Analyzer()).values() for piece in fragments(pattern)})
    made = [*texts(list(STRUCTURES), rng, 15 * ROUNDS)]
    made += texts(rng.sample(pieces, 30 * ROUNDS), rng, 10 * ROUNDS)
    made += [partial(counted, piece) for piece in COUNTED]

    def read(text: str) -> object:
        redacted = uncached.redact(text, "input.value")
        assert not redacted.failed
        return redacted

    bad = [f"{sentence}: {one(60)!r}" for one in made if (sentence := grows(read, one, 4_000, 10 * MEASURABLE))]
    assert not bad


def test_texts_that_stopped_everything_for_minutes_are_stored_and_so_is_what_comes_after(attacked: Instance) -> None:
    picture = base64.b64encode(random.Random(1).randbytes(60_000)).decode()
    page = f'<body style="width:100%"><img src="data:image/png;base64,{picture}">'
    attacks: list[dict[str, Any]] = [
        {"attributes": {"input.value": text, "output.value": f"attack {number}"}}
        for number, text in enumerate(("sk-" * 40_000, page, "AccountKey=" * 20_000))
    ]
    assert attacked.send(request(*attacks).SerializeToString()).status_code == 200
    assert_unharmed(attacked)
    stored = attacked.sql("SELECT count() AS n FROM spans WHERE startsWith(output, 'attack ')")
    assert stored == [{"n": 3}]
