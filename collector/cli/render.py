"""Formats rows as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

Format = Literal["table", "json", "csv"]

_PLAIN: dict[type, Callable[[Any], Any]] = {
    Decimal: float,
    date: lambda day: day.isoformat(),  # also for datetime, a subclass with its own isoformat
    time: time.isoformat,
    timedelta: str,
    bytes: bytes.hex,
    UUID: str,
}
_MAX_WIDTH = 60  # characters of a cell in a table; JSON and CSV are never cut


_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def render(rows: pa.Table, form: Format) -> str:
    """Return the rows in this format. Unknown is null in JSON, empty in CSV and an em dash in a table."""
    names = rows.column_names
    return render_records(
        names, list(zip(*(_cells(rows.column(index)) for index in range(len(names))), strict=True)), form
    )


def render_records(names: Sequence[str], records: Sequence[Sequence[Any]], form: Format) -> str:
    """Return records of plain values in this format. It does not load Arrow, which takes a third of a second."""
    if form == "json":
        return json.dumps([dict(zip(names, record, strict=True)) for record in records], indent=1, ensure_ascii=False)
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([_no_formula(name) for name in names])
        writer.writerows([["" if cell is None else _no_formula(cell) for cell in record] for record in records])
        return out.getvalue().rstrip("\n")
    return _table(names, records)


def _cells(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 - the caller has loaded it

    kind = column.type
    if pa.types.is_timestamp(kind):  # Arrow's own text keeps nanoseconds
        return list(column.cast(pa.string()).to_pylist())
    cells = column.to_pylist(maps_as_pydicts="lossy") if pa.types.is_nested(kind) else column.to_pylist()
    return [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Any:  # noqa: ANN401 - any value of a column
    if isinstance(cell, list):
        return [_plain(item) for item in cell]
    if isinstance(cell, dict):
        return {str(name): _plain(item) for name, item in cell.items()}
    convert = next((convert for kind, convert in _PLAIN.items() if isinstance(cell, kind)), None)
    return convert(cell) if convert else cell


def _flat(cell: Any) -> str:  # noqa: ANN401 - any value of a column
    if isinstance(cell, float):
        return format(Decimal(repr(cell)), "f") if cell == cell else "NaN"  # noqa: PLR0124 - only NaN differs from itself
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, (list, dict)) else str(cell)


def _no_formula(cell: Any) -> str:  # noqa: ANN401 - any value of a column
    """Return a CSV cell that a spreadsheet does not run as a formula: senders choose the texts."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else _flat(cell)


def _table(names: Sequence[str], records: Sequence[Sequence[Any]]) -> str:
    cells = [["—" if cell is None else _short(_flat(cell)) for cell in record] for record in records]
    widths = [max(map(len, column)) for column in zip(map(_short, names), *cells, strict=True)]
    lines = [list(map(_short, names)), ["─" * width for width in widths], *cells]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _short(text: str) -> str:
    printable = "".join(character if character.isprintable() else "·" for character in text)
    return printable if len(printable) <= _MAX_WIDTH else printable[: _MAX_WIDTH - 1] + "…"
