"""`spanledger ledger`: shows the state of every received request, and checks that the counts add up."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from collector.cli.counted import counted
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from collector.settings import Settings
    from schema.ledger_lines import By, Line

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_SHOWN: Final = (
    "received",
    "accepted",
    "rejected",
    "deduplicated",
    "stored",
    "waiting",
    "quarantined",
    "dropped",
    "lost",
)


def ledger(
    *,
    since: Annotated[str, typer.Option(metavar="AGE", help="How far back: 30m, 24h, 7d.")] = "24h",
    by: Annotated[
        Literal["key", "signal", "minute"],
        typer.Option(help="One line per ingest key and signal, per signal, or per minute."),
    ] = "key",
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Show what was received and its state: accepted, rejected, stored, waiting, quarantined.

    Counts are spans, log records or metric points; refused bodies that could not be read are counted as requests. The
    last lines (standard error) say whether the counts add up, whether the store has all stored rows, and why requests
    were rejected. Exits with 1 if the counts do not add up or rows are missing.
    """
    from datetime import UTC, datetime

    from collector.cli.render import render_records
    from schema.ledger_lines import total

    age = _age(since)
    end = datetime.now(UTC)
    lines, problems = _lines(end - age, end, by)
    rows = [_row(line, by) for line in lines]
    if rows:
        typer.echo(render_records(list(rows[0]), [list(row.values()) for row in rows], form))
    else:
        typer.echo(f"Nothing was received in the last {since}.")
    sums = total(lines)
    for sentence in (sums.verdict, *problems, *_rejections(sums)):
        typer.echo(sentence, err=True)
    if problems or not sums.adds_up:
        raise typer.Exit(1)


def _lines(start: datetime, end: datetime, by: By) -> tuple[list[Line], list[str]]:
    """Return the lines, and a sentence for each kind of row that the store lacks.

    They come from the running instance; without one, the spool's ledger is copied to the store first.
    """
    from collector.api.client import running
    from collector.settings import load_settings

    settings = load_settings()
    instance = running(settings)
    if instance:
        return instance.ledger(start, end, by=by), instance.store_problems()
    return _lines_alone(settings, start, end, by)


def _lines_alone(settings: Settings, start: datetime, end: datetime, by: By) -> tuple[list[Line], list[str]]:
    from collector.jobs.ledger_copy import LedgerCopy
    from collector.open_store import open_store
    from collector.service.only_instance import only_instance
    from collector.spool.spool import open_spool
    from schema.queries.holdings import holdings
    from schema.queries.ledger import lines

    if not settings.spool_path.exists():
        with open_store(settings, create=False) as store:
            return lines(store, EVERYTHING, start, end, by=by), holdings(store, EVERYTHING).sentences
    with only_instance(settings), open_store(settings) as store:
        spool = open_spool(settings)
        try:
            LedgerCopy(spool, store).copy()
        finally:
            spool.close()
        return lines(store, EVERYTHING, start, end, by=by), holdings(store, EVERYTHING).sentences


def _row(line: Line, by: str) -> dict[str, Any]:
    slot: dict[str, Any] = {"minute": f"{line.minute:%Y-%m-%d %H:%M}"} if line.minute else {}
    if by != "signal":
        slot["key"] = line.key_name
    counts: dict[str, Any] = {name: getattr(line, f"{name}_spans", None) for name in _SHOWN}
    counts["rejected"] = sum(line.rejected_spans.values())
    return (
        slot
        | {"signal": line.signal}
        | counts
        | {
            "unredacted": line.unredacted_spans,
            "requests": line.received_requests,
            "rejected_requests": sum(line.rejected_requests.values()),
            "uncounted_requests": line.uncounted_requests,
        }
    )


def _rejections(sums: Line) -> list[str]:
    """Return a sentence for each reason of rejections, the most frequent one first."""
    sentences = []
    for reason in sorted(
        {*sums.rejected_requests, *sums.rejected_spans}, key=lambda name: -sums.rejected_requests.get(name, 0)
    ):
        counts = [
            counted(count, unit)
            for count, unit in (
                (sums.rejected_requests.get(reason), "request"),
                (sums.rejected_spans.get(reason), "span"),
            )
            if count
        ]
        sentences.append(f"rejected as {reason}: {', '.join(counts)}")
    return sentences


def _age(text: str) -> timedelta:
    from datetime import timedelta

    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if not match:
        typer.echo(f"spanledger: --since must be an age such as 30m, 24h or 7d, not {text!r}", err=True)
        sys.exit(1)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
