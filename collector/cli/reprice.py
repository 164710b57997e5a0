"""`spanledger reprice`: prices stored model calls again after prices changed."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.fail import fail

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


def reprice(
    *,
    start: Annotated[str, typer.Option("--from", help="The first UTC day: 2026-11-01.")],
    end: Annotated[str, typer.Option("--to", help="The UTC day after the last one: 2026-11-22 is not repriced.")],
    team: Annotated[str, typer.Option(help="Only the runs of this team.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")] = False,
) -> None:
    """Price stored model calls again after prices changed in the policy file or in the public list.

    A call gets the price at its start. The table repricings records changes with their prices. A running instance uses
    the policy in force: the command waits until a changed file is taken over.
    """
    from datetime import UTC, datetime, time

    from collector.api.client import running
    from collector.settings import load_settings

    first, last = _day("--from", start), _day("--to", end)
    if first >= last:
        fail(f"--to {last} must be later than --from {first}; it is the first day that is not repriced")
    settings = load_settings()
    instance = running(settings)
    if instance:
        done = instance.reprice(first, last, team=team, dry_run=dry_run)
    else:
        from collector.open_store import open_store
        from schema.maintenance import reprice as repricing
        from schema.pricing.prices import Prices

        policy = settings.policy()
        days = (datetime.combine(day, time(), UTC) for day in (first, last))
        with open_store(settings, create=False) as store:
            done = repricing.reprice(store, Prices(policy.prices), *days, team=team, dry_run=dry_run, policy=policy)
    verb = "would change" if dry_run else "changed"
    typer.echo(f"{done.changed} of {done.calls} calls {verb}: {_usd(done.before)} before, {_usd(done.after)} after.")


def _day(option: str, text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option} must be a day such as 2026-11-01, not {text!r}")


def _usd(cost: Decimal | None) -> str:
    return "no price" if cost is None else f"{cost.normalize():f} USD"
