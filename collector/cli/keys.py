"""`spanledger keys`: creates and lists ingest keys."""
# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from collector.cli.fail import fail

if TYPE_CHECKING:
    from schema.policy.policy import IngestKey

keys = typer.Typer(
    name="keys",
    help="Ingest keys: authentication, team, expiry and limits of senders. The policy file has only their SHA-256.",
    no_args_is_help=True,
)


@keys.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the sender. If it has a key already, it gets another one.")],
    *,
    team: Annotated[
        str | None,
        typer.Option(help="Team of everything that the key sends; without it, the sender's attributes count."),
    ] = None,
    environment: Annotated[str | None, typer.Option(help="Environment of everything that the key sends.")] = None,
    expires: Annotated[
        str, typer.Option(metavar="DATE", help="Last UTC day, 2026-12-31, or a time, 2026-12-31T18:00:00Z.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Add the entry to the policy file.")] = False,
) -> None:
    """Create an ingest key. Prints the key, only once, to standard output, and its policy lines to standard error.

    To replace a key, create another one of the same NAME. It gets the same team, environment and limits, and both are
    valid until the old one expires or its entry is removed. A running instance reloads the file.
    """
    from collector.keys.new_key import entry_for, entry_lines, make_key
    from collector.keys.policy_edit import NotEditableError, add_entry, exclusive_writer, replace_policy
    from collector.settings import load_settings
    from schema.policy.file import read_policy_text
    from schema.policy.policy import parse_policy

    path = load_settings().policy_path or Path("spanledger.yaml").absolute()
    with exclusive_writer(path) if write else contextlib.nullcontext():
        text = read_policy_text(path) if os.path.lexists(path) else ""
        policy = parse_policy(text, path)
        key = make_key()
        bound = {name: value for name, value in (("team", team), ("environment", environment)) if value is not None}
        entry = entry_for(policy, key, name, bound, expires)
        lines = entry_lines(entry, expires)
        problem = ""
        if write:
            try:
                replace_policy(path, add_entry(text, entry, lines, path), text)
            except NotEditableError as error:
                problem = str(error)
    typer.echo(key)
    if write and not problem:
        typer.echo(f"{name} was added to {path}. The key is shown only once.", err=True)
    else:
        typer.echo(f"The key is shown only once. Add to {path}, under `ingest_keys:`\n", err=True)
        typer.echo("\n".join(f"  {line}" for line in lines), err=True)
    if others := sum(other.name == name for other in policy.ingest_keys):
        older = "another key" if others == 1 else f"{others} other keys"
        typer.echo(f"{name} has {older}: when the new one is in use, remove that entry or let it expire.", err=True)
    if problem:
        fail(f"{problem}: add the lines above by hand")


@keys.command("list")
def show(
    *,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """List the keys of the policy file: name, team, environment, validity, limits, and the start of their SHA-256.

    Prints a warning to standard error for each sender if its last key expires within 14 days.
    """
    from datetime import UTC, datetime

    from collector.cli.render import render_records
    from collector.keys.expiry import ending, state
    from collector.settings import load_settings

    known = load_settings().policy().ingest_keys
    now = datetime.now(UTC)
    columns = {
        "name": [key.name for key in known],
        "team": [key.team or None for key in known],
        "environment": [key.environment or None for key in known],
        "state": [state(key, now) for key in known],
        "valid": [key.validity or "always" for key in known],
        "limits": [_limits(key) for key in known],
        "sha256": [f"{key.sha256[:8]}…" for key in known],
    }
    typer.echo(render_records(list(columns), list(zip(*columns.values(), strict=True)), form))
    for sentence in ending(known, now):
        typer.echo(f"{sentence}; create another one with `spanledger keys new`", err=True)


def _limits(key: IngestKey) -> str | None:
    """Return a key's limits as text, None if it has none."""
    limits = []
    if key.spans_per_second:
        limits.append(f"{key.spans_per_second} spans/s, {key.burst} at once")
    if key.mib_per_day:
        limits.append(f"{key.mib_per_day} MiB a day")
    return "; ".join(limits) or None
