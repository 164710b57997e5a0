"""`spanledger keys`: new ingest keys, and those that there are."""
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
    help="Ingest keys: who may send, in whose name, how long and how much. The policy file holds their SHA-256 only.",
    no_args_is_help=True,
)


@keys.command()
def new(
    name: Annotated[str, typer.Argument(help="The sender. A name that has a key already gets a second one.")],
    *,
    team: Annotated[
        str | None, typer.Option(help="Stamped on all that the key sends; without it the sender's word counts.")
    ] = None,
    environment: Annotated[str | None, typer.Option(help="Stamped likewise.")] = None,
    expires: Annotated[
        str, typer.Option(metavar="DATE", help="Its last UTC day, 2026-12-31, or a time, 2026-12-31T18:00:00Z.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Add the entry to the policy file.")] = False,
) -> None:
    """Make an ingest key. Standard output gets the key, this once; standard error gets the lines for the policy file.

    To replace a key, make another one of the same NAME: it has the same team, environment and limits, and both let the
    sender in until the old one's `expires`, or until its entry is removed. A running instance takes the file over.
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
        columns = {"team": team, "environment": environment}
        given = {column: value for column, value in columns.items() if value is not None}
        entry = entry_for(policy, key, name, given, expires)
        lines = entry_lines(entry, expires)
        problem = ""
        if write:
            try:
                replace_policy(path, add_entry(text, entry, lines, path), text)
            except NotEditableError as error:
                problem = str(error)
    typer.echo(key)
    if write and not problem:
        typer.echo(f"{name} is in {path}. The key is shown this once.", err=True)
    else:
        typer.echo(f"The key is shown this once. Add to {path}, under `ingest_keys:`\n", err=True)
        typer.echo("\n".join(f"  {line}" for line in lines), err=True)
    if others := sum(other.name == name for other in policy.ingest_keys):
        held = "another key" if others == 1 else f"{others} other keys"
        typer.echo(f"{name} has {held}: when the new one is in use, remove that entry or let it expire.", err=True)
    if problem:
        fail(f"{problem}: add the lines above by hand")


@keys.command("list")
def show(
    *,
    form: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="How the keys are printed.")
    ] = "table",
) -> None:
    """Show the keys of the policy file: name, team, environment, validity, limits, and how their SHA-256 begins.

    Standard error gets the senders whose last key expires within 14 days.
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
        typer.echo(f"{sentence}; `spanledger keys new` makes the next one", err=True)


def _limits(key: IngestKey) -> str | None:
    """Return how much a key may send, for people."""
    said = []
    if key.spans_per_second:
        said.append(f"{key.spans_per_second} spans/s, {key.burst} at once")
    if key.mib_per_day:
        said.append(f"{key.mib_per_day} MiB a day")
    return "; ".join(said) or None
