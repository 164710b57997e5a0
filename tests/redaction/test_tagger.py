"""The tagger: its files are the trained ones, and the answer for a text depends on that text alone."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.errors import ModelCorrupt, ModelMissing, UnknownModel
from redaction.ner.model import Entity
from redaction.redactor import build_redactor
from redaction.tagger.files import LOADED, MANIFEST
from redaction.tagger.lexicon import FLAGS, Lexicon
from redaction.tagger.tagger import Tagger, load, neighbours
from redaction.tagger.vectors import ZERO, Vectors
from redaction.tagger.words import PAD, ROWS, WORD, features

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 8_000_000


@pytest.fixture(scope="module")
def tagger() -> Iterator[Tagger]:
    loaded = Tagger()
    yield loaded
    loaded.close()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    with as_file(files("redaction.tagger").joinpath("weights")) as shipped:
        shutil.copytree(shipped, tmp_path / "weights")
    return tmp_path / "weights"


def test_the_shipped_files_are_small_and_complete(copied: Path) -> None:
    assert sum(path.stat().st_size for path in copied.iterdir()) < MOST_BYTES
    assert {path.name for path in copied.iterdir()} == {*LOADED, MANIFEST}
    assert set(json.loads((copied / MANIFEST).read_text())["files"]) == set(LOADED)


@pytest.mark.parametrize("name", LOADED)
def test_an_exchanged_file_is_refused(copied: Path, name: str) -> None:
    with (copied / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelCorrupt, match=rf"{name} .*SHA-256"):
        load(copied)


@pytest.mark.parametrize("name", [*LOADED, MANIFEST])
def test_a_missing_file_is_refused(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelMissing, match="make model"):
        build_redactor(copied, model="tagger")


def test_a_broken_manifest_is_refused(copied: Path) -> None:
    (copied / MANIFEST).write_text("[]", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match="is not a manifest"):
        load(copied)


def test_the_error_for_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="'bert', use one of rampart, tagger"):
        build_redactor(model="bert")


TEXTS = [
    "Ask Marta Nowak to call Chen Wei in Lyon.",
    "Nothing here.",
    "please send it to 18 Kestrel Lane\nApt 4\nAstoria, OR 97103",
    "will said that cook is the manager, rose disagrees",
    "我叫王伟，住在北京。",  # noqa: RUF001 - Chinese has its own comma
    "मेरा नाम प्रिया शर्मा है",
    "x" * 900,
]


def test_the_answer_does_not_depend_on_other_texts(tagger: Tagger) -> None:
    alone = [tagger.find([text])[0] for text in TEXTS]
    assert tagger.find(TEXTS) == alone
    assert tagger.find(TEXTS[::-1]) == alone[::-1]
    assert Tagger().find(TEXTS * 3) == alone * 3


@given(st.lists(st.text(max_size=200), max_size=6), st.randoms())
@settings(max_examples=80, deadline=None)
def test_any_batch_gives_the_same_answers(tagger: Tagger, texts: list[str], random: object) -> None:
    expected = {text: tagger.find([text])[0] for text in texts}
    random.shuffle(texts)  # type: ignore[attr-defined]
    assert tagger.find(texts) == [expected[text] for text in texts]


def test_many_texts_at_once_are_answered_as_each_alone(tagger: Tagger) -> None:
    words = " ".join(text for text in TEXTS if text.isascii()).split()
    texts = [" ".join(words[first : first + size]) for size in (1, 2, 5, 13, 40) for first in range(len(words))]
    alone = [tagger.find([text])[0] for text in texts]
    assert any(alone)
    assert Tagger().find(texts) == alone


def test_no_word_sees_a_word_of_another_text() -> None:
    inputs = neighbours([3, 1, 12])
    for name, places in inputs.items():
        distance = int(name.removeprefix("beside"))
        assert len(places) == 3 * 16
        for row, (left, itself, right) in enumerate(places.reshape(-1, 3).tolist(), 1):
            first, last = next(ends for ends in ((1, 3), (4, 4), (5, 16)) if row <= ends[1])
            assert itself == row
            assert left == (row - distance if row - distance >= first else 0)
            assert right == (row + distance if row + distance <= last else 0)


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_entities_lie_in_the_text_in_order_and_apart(tagger: Tagger, text: str) -> None:
    end = 0
    for entity in tagger.find([text])[0]:
        assert end <= entity.start < entity.end <= len(text)
        assert text[entity.start].strip()
        assert 0 < entity.score <= 1
        end = entity.end


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ask Seo-yeon about it.", "Seo-yeon"),
        ("Marta-Liisa called.", "Marta-Liisa"),
        ("A Jansen-owned firm.", "Jansen"),
    ],
)
def test_a_name_with_a_hyphen_is_complete(tagger: Tagger, text: str, name: str) -> None:
    assert [text[one.start : one.end] for one in tagger.find([text])[0]] == [name]


@pytest.mark.parametrize(
    ("text", "value", "stays"),
    [
        ("Ask for zprzazo today", "zprzazo", True),
        ("ask for zprzazo today", "zprzazo", False),
        ("Ask for Zprzazo today", "Zprzazo", False),
        ("Ask for mehmet zprzazo today", "mehmet zprzazo", False),
    ],
)
def test_unknown_words_in_lower_case_stay_where_the_writer_uses_capitals(
    tagger: Tagger, text: str, value: str, *, stays: bool
) -> None:
    start = text.index(value)
    assert tagger._is_plain(text, Entity(start, start + len(value), "PERSON", 1.0)) is stays


@given(st.text(max_size=300))
@settings(deadline=None)
def test_every_character_but_space_is_in_a_word(text: str) -> None:
    covered = {index for match in WORD.finditer(text) for index in range(*match.span())}
    left = [character for index, character in enumerate(text) if index not in covered and not character.isspace()]
    assert not [character for character in left if character.isalnum() or character.isprintable()]


@given(st.text(min_size=1, max_size=40))
@settings(deadline=None)
def test_features_are_rows_of_the_table(text: str) -> None:
    lexicon = Lexicon({"rose": 3 | FLAGS["given"]})
    for word in [PAD, *WORD.findall(text)]:
        rows, grams = features(word, lexicon)
        assert 0 <= grams < len(rows)
        assert all(0 <= row < ROWS for row in rows)


def test_vectors_that_are_dropped_and_computed_again_are_equal() -> None:
    weights = load()
    few, many = Vectors(weights.table, weights.lexicon, most=8), Vectors(weights.table, weights.lexicon)
    words = [f"word{letter}" for letter in "abcdefghijklmnop"]
    together = many.of(words)
    assert (together[0] == ZERO).all()
    for place, word in enumerate(words * 2):
        assert (few.of([word])[1] == together[place % len(words) + 1]).all()


def test_a_lexicon_survives_being_written() -> None:
    lexicon = Lexicon({"rose": 7, "müller": 8, "王": 8, "the": 3})
    again = Lexicon.from_bytes(lexicon.to_bytes())
    assert again.to_bytes() == lexicon.to_bytes()
    assert [again.code(word) for word in ("rose", "müller", "王", "the", "other")] == [7, 8, 8, 3, 0]
    assert lexicon.is_plain(3)
    assert not lexicon.is_plain(7)
