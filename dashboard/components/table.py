"""A table of figures whose rows are links. Real HTML: it can be read aloud, and a row opens in a new tab."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from dashboard import assets

if TYPE_CHECKING:
    from collections.abc import Sequence

_component = st.components.v2.component(
    "table",
    html="<div class='root table'></div>",
    css=assets.text("base.css") + assets.text("table.css"),
    js=assets.loader("table.js"),
)


@dataclass(frozen=True)
class Column:
    """One column. `sort` lets the viewer order the rows by it, which is honest only when all rows are here."""

    label: str
    numeric: bool = False
    sort: bool = False
    wide: bool = False  # takes the room that is left and cuts its text


@dataclass(frozen=True)
class Cell:
    """One cell: its text, a second, quieter text, the value to sort by and what the text means."""

    text: str
    note: str = ""
    value: float | str | None = None
    tone: Literal["", "good", "bad", "warn", "unknown"] = ""
    title: str = ""
    share: float | None = None  # 0 to 1: a bar behind the text


@dataclass(frozen=True)
class Row:
    """One row and the address that it opens; the present one is what the page is about."""

    cells: tuple[Cell, ...]
    href: str = ""
    key: str = ""
    present: bool = False


def table(key: str, *, label: str, columns: Sequence[Column], rows: Sequence[Row]) -> str | None:
    """Draw the table and return the address of the row that was just opened, if that is why the script runs."""
    opened = _component(
        key=key,
        data={
            "label": label,
            "columns": [asdict(column) for column in columns],
            "rows": [_row(row) for row in rows],
        },
        height="content",
        on_open_change=lambda: None,
    )
    href: str | None = opened.get("open")
    return href


def _row(row: Row) -> dict[str, object]:
    cells = [_lean(cell) for cell in row.cells]
    return {"key": row.key, "href": row.href, "present": row.present, "cells": cells}


def _lean(cell: Cell) -> dict[str, object]:
    return {name: value for name, value in asdict(cell).items() if value not in ("", None)}
