"""A text that is an array is redacted element by element, with the same result as in one piece."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.leaves.array_items import elements
from redaction.redactor import Limits, build_redactor

if TYPE_CHECKING:
    from redaction.redactor import Redactor

values = st.recursive(
    st.none() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=3)


@given(st.lists(objects, min_size=2, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_elements_are_the_objects_of_the_array(members: list[object], indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    text = json.dumps(members, indent=indent, ensure_ascii=ascii_only)
    assert [json.loads(text[start:end]) for start, end in elements(text)] == members


@given(st.lists(objects, min_size=2, max_size=4), st.data())
def test_a_cut_array_keeps_every_character_of_its_objects(members: list[object], data: st.DataObject) -> None:
    text = json.dumps(members)
    cut = text[: data.draw(st.integers(0, len(text)))]
    found = elements(cut)
    left = "".join(character for index, character in enumerate(cut) if not any(a <= index < b for a, b in found))
    assert left.strip("[], \n") == ""


@given(st.text(max_size=60))
def test_anything_else_is_one_part(text: str) -> None:
    assert elements(text) == [(0, len(text))] or text.lstrip().startswith("[")
    for other in (
        '{"a": [{"b": 1}, {"c": 2}]}',
        "[1, 2]",
        '[{"a": 1}]',
        '[{"a": 1}, 2]',
        '[{"a": 1}, {"b": 2}] and more',
    ):
        assert elements(other) == [(0, len(other))]


def message(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def test_a_name_is_found_again_in_other_elements(redactor: Redactor) -> None:
    raw = json.dumps(
        [
            {"customer_name": "Zorvath Quellington", "id": 7},
            message("zq: Quellington|ok"),
            message("line\nQuellington|ok"),
            message(json.dumps({"log": "\u00e9 Quellington|ok"})),
        ]
    )
    text = redactor.redact(raw).text
    assert "Quellington" not in text
    assert len(json.loads(text)) == 4


def test_a_letter_of_an_escape_is_no_letter_of_a_name(redactor: Redactor) -> None:
    raw = json.dumps(
        [
            {"user_id": "nadia_weber_2044"},
            {"user_id": "adia_weber_2044"},
            message("log\nadia_weber_2044|\tnadia_weber_2044|ok"),
        ]
    )
    assert "weber" not in redactor.redact(raw).text


def test_a_name_is_found_again_behind_escapes(redactor: Redactor) -> None:
    raw = '[{"customer_name": "Zo\u00ebline Quell"}, {"log": "x: Zo\\u00ebline|ok"}]'
    assert "line" not in redactor.redact(raw).text


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Ask Marta Nowak.", "Nowak|ok", "j@example.com", "nothing", '{"a": "Chen Wei"}', "Zo\u00eb Wei\nWei", ""]
        ),
        min_size=2,
        max_size=6,
    )
)
def test_a_history_that_grew_is_redacted_like_a_new_one(redactor: Redactor, contents: list[str]) -> None:
    for length in range(1, len(contents)):
        redactor.redact(json.dumps([message(content) for content in contents[:length]]), "input.value")
    raw = json.dumps([message(content) for content in contents])
    fresh = build_redactor(limits=Limits(cache_bytes=0))
    assert redactor.redact(raw, "input.value") == fresh.redact(raw, "input.value")
    fresh.close()


def test_what_a_key_means_is_part_of_what_is_remembered(redactor: Redactor) -> None:
    texts = [json.dumps({key: "Orchid"}) for key in ("plant", "customer_name", "flower_label", "guest")]
    together = [redactor.redact(text) for text in texts]
    fresh = build_redactor(limits=Limits(cache_bytes=0))
    assert [fresh.redact(text) for text in reversed(texts)] == together[::-1]
    fresh.close()
