"""`spanledger quarantine`: lists, retries or drops quarantined requests."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from collector.cli.fail import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.spool.spool import Spool

quarantine = typer.Typer(
    name="quarantine",
    help="Requests that failed three times. They stay sealed on disk until you retry or drop them.",
    no_args_is_help=True,
)

_Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Ids, as `list` shows them.")]
_All = Annotated[bool, typer.Option("--all", help="Every quarantined request.")]


@quarantine.command("list")
def list_requests(
    *,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """List quarantined requests: id, ingest key, time of receipt and reason. Never their content."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from collector.api.client import running
    from collector.cli.render import render_records
    from collector.settings import load_settings

    instance = running(load_settings())
    if instance:
        requests = instance.quarantined()
    else:
        with _alone() as spool:
            requests = spool.quarantined()
    rows = [
        asdict(one) | {"received_at": f"{datetime.fromtimestamp(one.received_at / 1e9, UTC):%Y-%m-%d %H:%M:%S}"}
        for one in requests
    ]
    if not rows:
        typer.echo("Nothing is quarantined.")
        return
    typer.echo(render_records(list(rows[0]), [list(row.values()) for row in rows], form))


@quarantine.command()
def retry(ids: _Ids = None, *, every: _All = False) -> None:
    """Retry requests, with three new attempts: after an upgrade, or after the missing key was restored."""
    done = _act("retry", ids, every=every)
    typer.echo(f"{len(done)} requests wait to be stored again.")


@quarantine.command()
def drop(
    ids: _Ids = None,
    *,
    every: _All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete requests permanently. The ledger counts them as dropped."""
    if not yes:
        typer.confirm("These requests were acknowledged and will never be stored. Drop them?", abort=True)
    done = _act("drop", ids, every=every)
    typer.echo(f"{len(done)} requests were dropped.")


def _act(action: Literal["retry", "drop"], ids: list[int] | None, *, every: bool) -> list[int]:
    from collector.api.client import running
    from collector.settings import load_settings

    if bool(ids) == every:
        typer.echo("spanledger: give the ids of the requests, or --all", err=True)
        sys.exit(1)
    chosen = ids or None
    instance = running(load_settings())
    if instance:
        done = instance.quarantine(action, chosen)
    else:
        from collector.spool import quarantine as quarantined

        act = {"retry": quarantined.retry, "drop": quarantined.drop}[action]
        with _alone() as spool:
            done = act(spool, chosen)
    unknown = sorted({*(ids or ())} - {*done})
    if unknown:
        typer.echo(f"spanledger: not quarantined: {', '.join(map(str, unknown))}", err=True)
        if not done:
            sys.exit(1)
    return done


@contextmanager
def _alone() -> Iterator[Spool]:
    """Lock the data directory, in which no instance runs, and yield its spool."""
    from collector.service.only_instance import only_instance
    from collector.settings import load_settings
    from collector.spool.spool import open_spool

    settings = load_settings()
    if not settings.spool_path.exists():
        fail(f"there is no spool in {settings.data_dir}: set SPANLEDGER_DATA_DIR to the instance's directory")
    with only_instance(settings):
        spool = open_spool(settings)
        try:
            yield spool
        finally:
            spool.close()
