"""What is bound to a query arrives as it was, in the embedded engine and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clickhouse_double import ClickHouseDouble
from hypothesis import given
from hypothesis import strategies as st

from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_ECHO = "SELECT {texts:Array(String)} AS texts"


@pytest.fixture(scope="module", params=["embedded", "server"])
def target(request: pytest.FixtureRequest, store: Store, store_path: str) -> Iterator[Store]:
    if request.param == "embedded":
        yield store
        return
    double = ClickHouseDouble(store_path)
    with double.up(), Store(f"clickhouse://default:secret@127.0.0.1:{double.port}/default") as server:
        yield server
    double.close()


@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.sampled_from("'\"\\`\t\n")))
def test_lists_of_strings(target: Store, texts: list[str]) -> None:
    assert target.query(_ECHO, {"texts": texts}).column("texts").to_pylist() == [texts]


def test_a_string_in_a_list_cannot_leave_it(target: Store) -> None:
    hostile = ["x'] AS texts, ['y", "\\'", "']); DROP TABLE spans; --"]
    assert target.query(_ECHO, {"texts": hostile}).to_pylist() == [{"texts": hostile}]
