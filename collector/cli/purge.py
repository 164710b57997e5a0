"""`spanledger purge`: deletes the runs of a user or of a session, or a single run."""
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
    """Delete complete runs with their spans and log records, also from disk. This cannot be undone.

    Ids are compared as they are stored: an id that redaction replaced matches nothing. Requests that wait in the spool
    are not searched: purge when nothing waits. The table purges records time and counts, but no ids.
    """
    options: list[tuple[Named, str]] = [("user", user), ("session", session), ("trace", trace)]
    selected = [(by, value) for by, value in options if value]
    if len(selected) != 1:
        fail("give one of --user, --session and --trace", 2)
    by, value = selected[0]
    matching = _purge(by, value, dry_run=True)
    if not matching.runs and not matching.spans and not matching.log_records:
        typer.echo(f"Nothing is stored of this {by}.")
        return
    spans, records = counted(matching.spans, "span"), counted(matching.log_records, "log record")
    summary = f"{counted(matching.runs, 'run')} with {spans} and {records}"
    if not yes:
        typer.confirm(f"Delete {summary}?", abort=True)
    _purge(by, value, dry_run=False)
    typer.echo(f"Deleted {summary}.")


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
