"""`spanledger quarantine`: requests that broke their workers, or that do not open: list them, try again, drop them."""
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
    help="Requests that were set aside because they failed three times. They stay sealed until you decide.",
    no_args_is_help=True,
)

_Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers that `list` shows.")]
_All = Annotated[bool, typer.Option("--all", help="Every quarantined request.")]


@quarantine.command("list")
def list_requests(
    *,
    form: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="How the rows are printed.")
    ] = "table",
) -> None:
    """List what is quarantined: which request of whom, when it came, and why it is here. Never what is in it."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from collector.api.client import running
    from collector.cli.render import render_records
    from collector.settings import load_settings

    instance = running(load_settings())
    if instance:
        found = instance.quarantined()
    else:
        with _alone() as spool:
            found = spool.quarantined()
    rows = [
        asdict(one) | {"received_at": f"{datetime.fromtimestamp(one.received_at / 1e9, UTC):%Y-%m-%d %H:%M:%S}"}
        for one in found
    ]
    if not rows:
        typer.echo("Nothing is quarantined.")
        return
    typer.echo(render_records(list(rows[0]), [list(row.values()) for row in rows], form))


@quarantine.command()
def retry(ids: _Ids = None, *, every: _All = False) -> None:
    """Let requests try again, three times as if they were new: after an upgrade, or with the missing key in place."""
    done = _act("retry", ids, every=every)
    typer.echo(f"{len(done)} requests wait to be stored again.")


@quarantine.command()
def drop(
    ids: _Ids = None,
    *,
    every: _All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete requests for good. The ledger counts them as dropped."""
    if not yes:
        typer.confirm("What is dropped was acknowledged and will never be stored. Go on?", abort=True)
    done = _act("drop", ids, every=every)
    typer.echo(f"{len(done)} requests were dropped.")


def _act(action: Literal["retry", "drop"], ids: list[int] | None, *, every: bool) -> list[int]:
    from collector.api.client import running
    from collector.settings import load_settings

    if bool(ids) == every:
        typer.echo("spanledger: name the requests by their ids, or all of them with --all", err=True)
        sys.exit(1)
    wanted = ids or None
    instance = running(load_settings())
    if instance:
        done = instance.quarantine(action, wanted)
    else:
        from collector.spool import quarantine as quarantined

        act = {"retry": quarantined.retry, "drop": quarantined.drop}[action]
        with _alone() as spool:
            done = act(spool, wanted)
    unknown = sorted({*(ids or ())} - {*done})
    if unknown:
        typer.echo(f"spanledger: not quarantined: {', '.join(map(str, unknown))}", err=True)
        if not done:
            sys.exit(1)
    return done


@contextmanager
def _alone() -> Iterator[Spool]:
    """Hold the data directory in which nothing runs, and yield its spool."""
    from collector.service.only_instance import only_instance
    from collector.settings import load_settings
    from collector.spool.spool import open_spool

    settings = load_settings()
    if not settings.spool_path.exists():
        fail(f"there is no spool in {settings.data_dir}: set SPANLEDGER_DATA_DIR to what the instance has")
    with only_instance(settings):
        spool = open_spool(settings)
        try:
            yield spool
        finally:
            spool.close()
