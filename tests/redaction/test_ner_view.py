"""The model's input: no identifiers, and the place of every character in its leaf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.ner.model import Entity
from redaction.ner.view import View, is_identifier


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4), st.integers(0, 40), st.integers(1, 40))
def test_what_is_found_in_the_view_is_found_in_the_leaf(leaves: list[str], start: int, length: int) -> None:
    view = View()
    for index, text in enumerate(leaves):
        view.add_leaf(index, text, [])
    piece = view.text
    entity = Entity(start, min(len(piece), start + length), "PERSON", 1.0)
    if entity.end <= entity.start:
        return
    placed = view.back(entity, 0)
    if placed is None:
        return
    leaf, inside = placed
    assert 0 <= inside.start < inside.end <= len(leaves[leaf])
    if piece[entity.start : entity.end].isalpha():
        assert piece[entity.start : entity.end] in leaves[leaf][inside.start : inside.end]


@given(st.text(max_size=3000), st.integers(20, 480))
def test_pieces_are_short_and_in_order(text: str, longest: int) -> None:
    view = View()
    view.add_leaf(0, text, [])
    end = 0
    for start, piece in view.pieces(longest):
        assert start >= end
        assert 0 < len(piece) <= longest
        assert view.text[start : start + len(piece)] == piece
        end = start + len(piece)


def test_identifiers_numbers_and_findings_are_left_out() -> None:
    view = View()
    text = "Ask Mia about ORD-77193 in src/a/b.py since 2026-11-22T05:26:31Z, jane@example.com said"
    at = text.index("jane")
    view.add_leaf(0, text, [(at, at + len("jane@example.com"))])
    assert view.text == "Ask Mia about # in # since #, # said\n"


@pytest.mark.parametrize(
    "token", ["getUserName", "AgentExecutor", "user_id", "os.path", "gpt-4o-mini", "a1b2c3d4e5f6", "run()"]
)
def test_identifiers(token: str) -> None:
    assert is_identifier(token)


@pytest.mark.parametrize(
    "token", ["Mia", "McDonald", "Anne-Marie", "LI", "DeShawn", "mia_li_3668", "12B", "Müller", "José"]
)
def test_names_are_none(token: str) -> None:
    assert not is_identifier(token)
