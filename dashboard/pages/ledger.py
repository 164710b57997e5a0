"""What became of all that arrived, and does it add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard import connection, filters, formatting, viewer
from dashboard.components.blocks import Fact, facts, notice, subheading
from dashboard.components.table import Cell, Column, Row, table
from schema.ledger_lines import total
from schema.queries.holdings import holdings
from schema.queries.ledger import lines

if TYPE_CHECKING:
    from schema.ledger_lines import Line

_COUNTS: Final = ("accepted", "deduplicated", "stored", "waiting", "quarantined")
_COLUMNS: Final = (
    Column("Ingest key", sort=True, wide=True),
    Column("Signal", sort=True),
    Column("Received", numeric=True, sort=True),
    Column("Accepted", numeric=True, sort=True),
    Column("Rejected", numeric=True, sort=True),
    Column("Deduplicated", numeric=True, sort=True),
    Column("Stored", numeric=True, sort=True),
    Column("Waiting", numeric=True, sort=True),
    Column("Quarantined", numeric=True, sort=True),
    Column("Adds up", sort=True),
)
_REASONS: Final = (
    Column("Reason", sort=True, wide=True),
    Column("Requests", numeric=True, sort=True),
    Column("Spans", numeric=True, sort=True),
)


def page() -> None:
    """Draw the page."""
    chosen = filters.bar().filter
    if chosen.teams or chosen.workflows:
        notice("The ledger counts by ingest key: the choice of teams and workflows does not change it.", "quiet")
    found = lines(connection.store(), viewer.scope(), chosen.start, chosen.end)
    if not found:
        notice("Nothing was received in this time range: choose a longer one.")
        return
    whole = total(found)
    _summary(whole)
    notice(whole.verdict, "good" if whole.adds_up else "bad")
    for sentence in holdings(connection.store(), viewer.scope()).sentences:
        notice(sentence, "bad")
    subheading("By ingest key and signal", "spans, log records or metric points, by the minute they were received")
    table("ledger", label="What became of what was received", columns=_COLUMNS, rows=[_row(line) for line in found])
    _reasons(whole)


def _summary(whole: Line) -> None:
    rejected = sum(whole.rejected_requests.values())
    facts(
        [
            Fact("Received", formatting.count(whole.received_spans), _uncounted(whole)),
            Fact(
                "Stored",
                formatting.count(whole.stored_spans),
                formatting.share(whole.stored_spans, whole.accepted_spans),
            ),
            Fact(
                "Waiting", formatting.count(whole.waiting_spans), formatting.plural(whole.waiting_requests, "request")
            ),
            Fact(
                "Quarantined",
                formatting.count(whole.quarantined_spans),
                formatting.plural(whole.quarantined_requests, "request"),
                "bad" if whole.quarantined_requests else "",
            ),
            *(
                [Fact("Lost", formatting.count(whole.lost_spans), "with the spool's damage", "bad")]
                if whole.lost_spans
                else []
            ),
            Fact("Requests rejected", formatting.count(rejected), "", "warn" if rejected else ""),
            Fact(
                "Redaction failures",
                formatting.count(whole.unredacted_spans),
                "their text was removed" if whole.unredacted_spans else "",
                "warn" if whole.unredacted_spans else "",
            ),
        ],
        label="What became of what was received",
    )


def _uncounted(line: Line) -> str:
    """Say what a count of spans lacks."""
    if not line.uncounted_requests:
        return ""
    return f"and {formatting.plural(line.uncounted_requests, 'refused request')} of unknown size"


def _row(line: Line) -> Row:
    wrong = not line.adds_up
    refused = sum(line.rejected_requests.values())
    rejected = Cell(
        formatting.count(sum(line.rejected_spans.values())),
        note=f"+ {formatting.plural(line.uncounted_requests, 'request')}" if line.uncounted_requests else "",
        value=refused,
        tone="warn" if refused or line.rejected_spans else "",
        title=_uncounted(line),
    )
    counts = {name: getattr(line, f"{name}_spans") for name in _COUNTS}
    cells = {name: Cell(formatting.count(count), value=count) for name, count in counts.items()}
    if line.quarantined_requests:
        cells["quarantined"] = Cell(formatting.count(counts["quarantined"]), value=counts["quarantined"], tone="bad")
    return Row(
        key=f"{line.key_name} {line.signal}",
        cells=(
            Cell(line.key_name or "(no key)", value=line.key_name.lower()),
            Cell(line.signal, value=line.signal),
            Cell(formatting.count(line.received_spans), value=line.received_spans),
            cells["accepted"],
            rejected,
            *(cells[name] for name in _COUNTS[1:]),
            Cell("✕ no" if wrong else "✓ yes", tone="bad" if wrong else "good", title=line.verdict, value=int(wrong)),
        ),
    )


def _reasons(whole: Line) -> None:
    names = sorted({*whole.rejected_requests, *whole.rejected_spans})
    if not names:
        return
    subheading("Rejected", "requests that were refused whole, and single spans where they were counted")
    rows = []
    for name in names:
        requests, spans = whole.rejected_requests.get(name, 0), whole.rejected_spans.get(name)
        cells = (
            Cell(name.replace("_", " "), value=name),
            Cell(formatting.count(requests), value=requests),
            Cell(formatting.count(spans), value=spans, tone="unknown" if spans is None else ""),
        )
        rows.append(Row(key=name, cells=cells))
    table("ledger_reasons", label="Why it was rejected", columns=_REASONS, rows=rows)
