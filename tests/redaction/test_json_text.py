"""Leaves of JSON, of JSON in JSON, of truncated JSON: every character has its place in the raw text."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from redaction.leaves.escapes import seen
from redaction.leaves.json_text import MAX_NESTING, Leaf, leaves, unescape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return []


def shown(text: str) -> str:
    """The text as a reader sees it, and as leaves have it: no soft hyphens, no entities (test_escapes.py)."""
    for _ in range(MAX_NESTING):
        if found := seen(text):
            text = found[0]
    return text


def by_path(text: str) -> dict[str, str]:
    return {".".join(leaf.path): leaf.text for leaf in leaves(text)}


@given(JSON.filter(lambda value: isinstance(value, dict | list)), st.booleans())
@example(value=["soft\xadly"], ascii_only=False)
@example(value=["\xad"], ascii_only=False)
def test_every_string_of_json_is_a_leaf(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    raw = json.dumps(value, ensure_ascii=ascii_only)
    joined = "".join(leaf.text for leaf in leaves(raw))
    for text in strings(value):
        if not any(mark in text for mark in '{["%'):  # what looks like JSON or encoding is taken apart further
            assert shown(text).strip() in joined or shown(raw) in joined


@given(st.text(max_size=300) | JSON.map(json.dumps) | JSON.map(json.dumps).map(json.dumps) | JSON.map(repr))
def test_places_are_in_order_and_inside(text: str) -> None:
    for leaf in leaves(text):
        places = list(leaf.places)
        assert len(places) == len(leaf.text) + 1
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] <= len(text)


@given(st.text(max_size=60))
def test_unescape_agrees_with_json(text: str) -> None:
    raw = json.dumps(text)[1:-1]
    decoded, places = unescape(raw, range(len(raw) + 1))
    assert decoded == json.loads(f'"{raw}"')
    assert len(places) == len(decoded) + 1


def test_escapes_point_to_their_raw_text() -> None:
    raw = '{"name": "Mar\\u00eda", "emoji": "\\ud83d\\ude00!"}'
    name, emoji = leaves(raw)
    assert name.text == "María"
    assert raw[name.places[3] : name.places[4]] == "\\u00ed"
    assert emoji.text == "😀!"
    assert raw[emoji.places[0] : emoji.places[1]] == "\\ud83d\\ude00"


def test_json_in_json_in_json() -> None:
    inner = json.dumps({"first_name": "Zoë"})
    raw = json.dumps({"body": json.dumps({"payload": inner})})
    (leaf,) = leaves(raw)
    assert (leaf.text, leaf.path) == ("Zoë", ("body", "payload", "first_name"))
    assert raw[leaf.places[0] : leaf.places[3]] == "Zo\\\\\\\\u00eb"


def test_a_cut_string_is_a_leaf_under_its_key() -> None:
    assert by_path('tool: {"order": 5, "customer": {"name": "Mia L') == {
        "": "tool: ",
        "order": "5",
        "customer.name": "Mia L",
    }


def test_python_repr_is_read_like_json() -> None:
    assert by_path("{'name': 'Mia', 'note': \"O'Brien\", 'ok': True, 'n': None}") == {"name": "Mia", "note": "O'Brien"}


def test_a_key_that_may_be_data_is_a_leaf() -> None:
    kinds = [(leaf.kind, leaf.text) for leaf in leaves('{"jane@example.com": {"plan": "gold"}}')]
    assert kinds == [("key", "jane@example.com"), ("string", "gold")]


def test_prose_with_brackets_is_text() -> None:
    text = "See [1] and {x | x > 3}; then [ ] and {not: json}"
    assert "".join(leaf.text for leaf in leaves(text)) == text


def test_records_are_the_elements_of_arrays() -> None:
    found = leaves('[{"a": "1 x", "b": {"c": "2 x"}}, {"a": "3 x"}]')
    assert found[0].group == found[1].group != found[2].group


def test_values_as_python_writes_them_end_no_object() -> None:
    raw = "{'born': datetime.date(1984, 3, 12), 'paid': Decimal('1.50'), 'at': {'town': 'Astoria'}}"
    assert by_path(raw) == {"born": "datetime.date(1984, 3, 12)", "paid": "Decimal('1.50')", "at.town": "Astoria"}


def test_percent_encoding_keeps_places() -> None:
    raw = f"GET /x?mail={quote('josé@example.com')}&q=1"
    leaf = next(leaf for leaf in leaves(raw) if leaf.path == ("mail",))
    assert leaf.text == "josé@example.com"
    at = leaf.text.index("@")
    assert raw[leaf.places[at] : leaf.places[at + 1]] == "%40"


def test_base64_is_replaced_as_one() -> None:
    token = base64.b64encode("Mónica: please write to jane@example.com".encode()).decode()
    inner = [leaf for leaf in leaves(f"data {token} end") if leaf.encoded]
    assert [leaf.text for leaf in inner] == ["Mónica: please write to jane@example.com"]
    assert inner[0].encoded == (5, 5 + len(token))


def test_ids_and_pictures_are_not_base64_text() -> None:
    for text in ("4bf92f3577b34da6a3ce929d0e0e4736", base64.b64encode(bytes(range(256))).decode()):
        assert [leaf.text for leaf in leaves(text)] == [text]


def test_deep_and_broken_nesting_ends() -> None:
    for text in ("[" * 100_000, '{"a":' * 50_000, "[{" * 50_000, '{"a": "' * 20_000):
        assert isinstance(leaves(text), list)


def test_quotes_of_numbers_fit_their_depth() -> None:
    raw = json.dumps({"s": json.dumps({"phone": 4155550137})})
    leaf: Leaf = leaves(raw)[0]
    assert (leaf.kind, leaf.quote) == ("number", '\\"')
