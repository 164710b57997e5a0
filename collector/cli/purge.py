"""`spanledger purge`: delete a person's, a session's or one run's data."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.counted import counted
from collector.cli.fail import fail

if TYPE_CHECKING:
    from schema.maintenance.changes import Named, Purged


def purge(
    *,
    user: Annotated[str, typer.Option(metavar="ID", help="Every run with a span of this user.id.")] = "",
    session: Annotated[str, typer.Option(metavar="ID", help="Every run of this session.")] = "",
    trace: Annotated[str, typer.Option(metavar="ID", help="One run.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete whole runs with their spans and log records, bytes and all; it cannot be undone.

    Ids are compared as they are stored: one that redaction replaced finds nothing. What still waits in the spool is
    not found either: purge when nothing waits. The table purges keeps when it was done and how much went, not whose.
    """
    wanted: list[tuple[Named, str]] = [("user", user), ("session", session), ("trace", trace)]
    given = [(by, value) for by, value in wanted if value]
    if len(given) != 1:
        fail("give one of --user, --session and --trace", 2)
    by, value = given[0]
    found = _purge(by, value, dry_run=True)
    if not found.runs and not found.spans and not found.log_records:
        typer.echo(f"Nothing is stored of this {by}.")
        return
    spans, records = counted(found.spans, "span"), counted(found.log_records, "log record")
    told = f"{counted(found.runs, 'run')} with {spans} and {records}"
    if not yes:
        typer.confirm(f"Delete {told}?", abort=True)
    _purge(by, value, dry_run=False)
    typer.echo(f"Deleted {told}.")


def _purge(by: Named, value: str, *, dry_run: bool) -> Purged:
    from collector.api.client import running
    from collector.settings import load_settings

    settings = load_settings()
    instance = running(settings)
    if instance:
        return instance.purge(by, value, dry_run=dry_run)
    from collector.open_store import open_store
    from schema.maintenance import purge as purging

    with open_store(settings, create=False) as store:
        return purging.purge(store, by, value, dry_run=dry_run)
