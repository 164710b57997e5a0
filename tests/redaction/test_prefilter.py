"""The prefilter misses no text that a pattern matches."""

from __future__ import annotations

import random
import re

import pytest
from fake_secrets import FAKES
from hypothesis import given
from hypothesis import strategies as st

from redaction.recognizers.analyzer import Analyzer, registry
from redaction.recognizers.base import TextRecognizer
from redaction.recognizers.prefilter import Prefilter
from tests.redaction.test_recognizers import FOUND, IDENTIFIERS

PATTERNS = [
    re.compile(source, flags)
    for source, flags in (
        (r"[à-ü]{2}x", 0),
        (r"müller|łódź|名前", 0),
        (r"straße \d{1,4}\b", re.IGNORECASE),
        (r"skip", re.IGNORECASE),
        (r"(?i:kiss)|(?-i:Sick)", re.IGNORECASE),
        (r"[^\W\d_]{3}", 0),
        (r"[^a-z\s]\S", 0),
        (r"\s\d\S", 0),
        (r"a.c", re.DOTALL),
        (r"a.c", 0),
        (r"(?<!\w)(\w)-\1(?=\d)", 0),
        (r"(\()?ab(?(1)\)|;)", 0),
        (r"(?>a+)b++c{2,3}?", 0),
        (r"x{45}", 0),
        (r"[\x00-\x1f]", 0),
        (r"", 0),
    )
]


@given(st.sampled_from(PATTERNS), st.data(), st.text(), st.text())
def test_a_text_that_matches_is_seen(pattern: re.Pattern[str], data: st.DataObject, before: str, after: str) -> None:
    text = f"{before} {data.draw(st.from_regex(pattern))} {after}"
    if pattern.search(text):
        assert Prefilter([pattern]).find(text) == [0]


@given(st.text(alphabet="aAbBkKsS\u212a\u017f\u0131éÉß .-_(19)\u0663\u00a0\n\x1c\x7f名"))
def test_any_text_that_matches_is_seen(text: str) -> None:
    seen = PREFILTER.find(text)
    assert [number for number, pattern in enumerate(PATTERNS) if pattern.search(text) and number not in seen] == []


PREFILTER = Prefilter(PATTERNS)
ANALYZER = Analyzer()
SEARCHES = [
    search
    for recognizer in registry().recognizers
    if isinstance(recognizer, TextRecognizer)
    for search in recognizer.searches()
]


def texts() -> list[str]:
    rng = random.Random(4)
    made = [text for make in FAKES.values() for _, text in (make(rng) for _ in range(3))]
    made += [text for text, *_ in FOUND] + IDENTIFIERS
    return [*made, *(f"Müller 名 {text}\u00a0" for text in made), *(f"{text.upper()} {text.lower()}" for text in made)]


@pytest.mark.parametrize("key_words", ["", "iban account", "ssn passport", "latitude"])
def test_the_analyzer_finds_what_all_its_searches_find_one_by_one(key_words: str) -> None:
    for text in texts():
        one_by_one = {
            hit
            for search in SEARCHES
            if search.context is None or search.context.search(text) or search.context.search(key_words)
            for hit in search.find(text, key_words)
        }
        assert set(ANALYZER._hits(text, key_words)) == one_by_one, text


def test_nothing_is_tried_where_there_is_nothing_to_find() -> None:
    innocent = "The second part of the report explains how the index is built, and why queries may take longer."
    assert Prefilter([search.gate for search in SEARCHES]).find(innocent) == []
