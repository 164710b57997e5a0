"""`spanledger ledger`: what became of all that arrived, and does it add up?"""
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
        typer.Option(help="A line for each ingest key and signal, signal, or minute."),
    ] = "key",
    form: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="How the lines are printed.")
    ] = "table",
) -> None:
    """Show what was received and what became of it: accepted, rejected, stored, waiting, quarantined.

    Counts are spans, log records or metric points; refused bodies that nobody could count are listed as requests. The
    last lines (standard error) say whether it adds up, whether the store holds what was stored, and why requests were
    rejected. Ends with 1 if it does not.
    """
    from datetime import UTC, datetime

    from collector.cli.render import render_records
    from schema.ledger_lines import total

    back = _age(since)
    end = datetime.now(UTC)
    found, problems = _lines(end - back, end, by)
    rows = [_row(line, by) for line in found]
    if rows:
        typer.echo(render_records(list(rows[0]), [list(row.values()) for row in rows], form))
    else:
        typer.echo(f"Nothing was received in the last {since}.")
    whole = total(found)
    for sentence in (whole.verdict, *problems, *_rejections(whole)):
        typer.echo(sentence, err=True)
    if problems or not whole.adds_up:
        raise typer.Exit(1)


def _lines(start: datetime, end: datetime, by: By) -> tuple[list[Line], list[str]]:
    """Ask the running instance; alone, bring the store up to date with the spool first.

    Return the lines, and in sentences what the store lacks of what was stored.
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


def _rejections(whole: Line) -> list[str]:
    """Say why requests and spans were rejected, the most frequent reason first."""
    said = []
    for reason in sorted(
        {*whole.rejected_requests, *whole.rejected_spans}, key=lambda name: -whole.rejected_requests.get(name, 0)
    ):
        counts = [
            counted(count, unit)
            for count, unit in (
                (whole.rejected_requests.get(reason), "request"),
                (whole.rejected_spans.get(reason), "span"),
            )
            if count
        ]
        said.append(f"rejected as {reason}: {', '.join(counts)}")
    return said


def _age(given: str) -> timedelta:
    from datetime import timedelta

    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", given)
    if not match:
        typer.echo(f"spanledger: --since must be an age such as 30m, 24h or 7d, not {given!r}", err=True)
        sys.exit(1)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
