"""Rows of a result as named tuples."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pytest

from schema.store.typed_rows import typed_rows


class Pair(NamedTuple):
    name: str
    number: int | None


def test_columns_are_taken_by_name_in_any_order() -> None:
    table = pa.table({"number": [1, None], "more": [0, 0], "name": ["a", "b"]})
    assert list(typed_rows(table, Pair)) == [Pair("a", 1), Pair("b", None)]
    assert list(typed_rows(table.slice(0, 0), Pair)) == []


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="number"):
        list(typed_rows(pa.table({"name": ["a"]}), Pair))
