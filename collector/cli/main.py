"""The command line. Every command works with a running instance (through its API) and without one.

Commands import locally, so that `--help` and usage errors are fast.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from collector.cli.fail import fail
from collector.cli.keys import keys
from collector.cli.ledger import ledger
from collector.cli.purge import purge
from collector.cli.quarantine import quarantine
from collector.cli.reprice import reprice
from collector.process import leave_no_core_dump

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="spanledger",
    help="The flight recorder of AI agents: OTLP in, PII out, every run in ClickHouse, answers in the browser.",
    epilog="Settings are environment variables: SPANLEDGER_DATA_DIR, _STORE, _HOST, _OTLP_HTTP_PORT, _OTLP_GRPC_PORT,"
    " _DASHBOARD_PORT, _TLS_CERTIFICATE, _TLS_CLIENT_CA, _CORS_ORIGINS, _WORKERS, _CONFIG."
    " `spanledger doctor` shows what is in force and what is wrong.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(keys)
app.add_typer(quarantine)
app.command()(ledger)
app.command()(purge)
app.command()(reprice)


def main() -> None:
    """Run the command. A user's mistake prints one sentence, never a traceback."""
    leave_no_core_dump()  # before anything raw is read, by any command
    try:
        app()
    except Exception as error:
        if isinstance(error, _expected()):
            fail(str(error))
        if isinstance(error, OSError) and error.errno:
            fail(f"{error.filename or 'a file'} cannot be used: {error.strerror}")
        raise


def _expected() -> tuple[type[Exception], ...]:
    """Return the base classes of errors with a message for the user."""
    from collector.errors import UserError
    from redaction.errors import RedactionError
    from schema.policy.file import PolicyError
    from schema.store.errors import StoreError

    return UserError, PolicyError, StoreError, RedactionError


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the option's value
    if wanted:
        from importlib.metadata import version

        typer.echo(f"spanledger {version('spanledger')}")
        raise typer.Exit


@app.callback()
def everywhere(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Define the options before a command."""


@app.command()
def up() -> None:
    """Start everything: the OTLP receiver, redaction, the store and the dashboard. Ctrl-C stops it all.

    Listens on loopback by default. With another SPANLEDGER_HOST, ingest keys (spanledger.yaml) and
    SPANLEDGER_DASHBOARD_PASSWORD are required.
    """
    _run(on_ready=_print_addresses)


@app.command()
def collect() -> None:
    """Start the collector alone: the OTLP receiver, redaction and the writer into the store."""
    _run(dashboard=False, on_ready=_print_addresses)


@app.command()
def dashboard() -> None:
    """Start the dashboard alone, for collectors that write to the same ClickHouse server.

    Only one process can use the embedded store: with it, use `spanledger up`.
    """
    _run(receiver=False, on_ready=_print_addresses)


@app.command()
def demo(
    *,
    endpoint: Annotated[
        str, typer.Option(help="OTLP/HTTP address to send to; default: the instance of this data directory.")
    ] = "",
    key: Annotated[str, typer.Option(envvar="SPANLEDGER_INGEST_KEY", help="Ingest key, if one is required.")] = "",
) -> None:
    """Send sample agent runs of three teams to the OTLP receiver. Starts an instance first if none is running."""
    from collector.api.client import running
    from collector.demo import send_demo
    from collector.settings import load_settings

    if not endpoint:
        instance = running(load_settings())
        if instance is None:
            _run(on_ready=lambda endpoints: _send_first_samples(endpoints, key))
            return
        endpoint = instance.endpoints["otlp_http"]
    send_demo(endpoint, key=key, progress=typer.echo)


@app.command()
def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="OTLP request bodies: *.traces.pb, *.logs.pb, *.metrics.pb, *.json or *.jsonl.")
    ],
) -> None:
    """Redact and store files of OTLP requests. Waits until they are stored, and prints the counts."""
    from collector.api.client import running
    from collector.cli.ingest import ingest_alone, ingest_through
    from collector.settings import load_settings

    settings = load_settings()
    instance = running(settings)
    progress = _progress()
    report = ingest_through(instance, files, progress) if instance else ingest_alone(settings, files, progress)
    for line in report.lines():
        typer.echo(line, err=line in report.problems)
    if report.problems or report.quarantined:
        raise typer.Exit(1)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="A SELECT over spans, runs, logs and metric_points; - reads stdin.")],
    *,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Run a read-only query in ClickHouse SQL on Spanledger's tables."""
    from collector.api.client import running
    from collector.cli.render import render
    from collector.settings import load_settings

    settings = load_settings()
    if statement == "-":
        statement = sys.stdin.read()
    instance = running(settings)
    if instance:
        rows = instance.query(statement)
    else:
        from collector.open_store import open_store

        with open_store(settings, create=False) as store:
            rows = store.query_read_only(statement)
    typer.echo(render(rows, form))


@app.command()
def redact(
    text: Annotated[str | None, typer.Argument(help="The text; without it, standard input is read.")] = None,
    *,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read {"text": …} and write {"redacted": …, "findings": […]}, line by line.')
    ] = False,
    key: Annotated[str, typer.Option(help="The attribute that holds the text, as context: user.email.")] = "",
    team: Annotated[
        str | None, typer.Option(help="Team that owns the text; without it, the strictest rules apply.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Read the text, or the lines, from this file.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Redact text with the rules of the policy, and explain each decision.

    Prints the redacted text to standard output. Prints to standard error each finding: entity, position in the
    original, recognizer, score, context and replacement; then findings that were left, and why. Nothing is stored.
    """
    from collector.cli.redact import redact_lines, redact_text
    from collector.settings import load_settings

    if text is not None and (file is not None or jsonl):
        fail(f"a text does not go with {'--file' if file is not None else '--jsonl'}: give one of them", 2)
    if jsonl and key:
        fail('--key does not go with --jsonl: each line has its own, {"text": "…", "key": "…"}', 2)
    settings = load_settings()
    if jsonl:
        with nullcontext(sys.stdin) if file is None else file.open(encoding="utf-8", errors="replace") as lines:
            redact_lines(settings, lines, sys.stdout, team)
        return
    if text is None:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8", errors="surrogateescape")
    redact_text(settings, text, key, team)


@app.command()
def drill(
    *,
    runs: Annotated[int, typer.Option(min=1, max=2000, help="Invented runs, each with some twenty texts.")] = 50,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Repeat the texts of an earlier drill; default: new ones.")
    ] = None,
    key: Annotated[str, typer.Option(envvar="SPANLEDGER_INGEST_KEY", help="Ingest key, if one is required.")] = "",
) -> None:
    """Prove redaction: send invented personal data through the receiver, and search the store for it.

    Needs a running instance (`spanledger up`). Prints the removed share by entity and by place, and exits with 1 if a
    complete text was left. The result is stored in the table drills; the invented runs are deleted.
    """
    import secrets

    from collector.api.client import running
    from collector.drill import rehearse
    from collector.drill.render import lines
    from collector.settings import load_settings

    settings = load_settings()
    instance = running(settings)
    if instance is None:
        fail("no instance is running: a drill needs its receiver, so start `spanledger up` first")
    chosen = secrets.randbits(32) if seed is None else seed
    report = rehearse(instance, settings.data_dir, runs=runs, seed=chosen, key=key, progress=_progress())
    for line in lines(report):
        typer.echo(line)
    if report.total().left_whole or report.files:
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Check settings, data directory, spool, model, ports and store, and say how to fix each problem."""
    from collector.cli.doctor import examine
    from collector.settings import load_settings

    failed = False
    for check in examine(load_settings()):
        mark = "✗" if check.advice else "✓"
        typer.echo(f"{mark} {check.name}: {check.state}")
        if check.advice:
            typer.echo(f"  → {check.advice}")
            failed = True
    if failed:
        raise typer.Exit(1)


def _progress() -> Callable[[str], None]:
    """Return a function that prints progress to standard error, if that is a terminal; repeats are dropped."""
    last: list[str] = []

    def show(sentence: str) -> None:
        if sys.stderr.isatty() and last != [sentence]:
            typer.echo(sentence, err=True)
            last[:] = [sentence]

    return show


def _run(*, on_ready: Callable[[dict[str, str]], None], receiver: bool = True, dashboard: bool = True) -> None:
    from collector.process import begin
    from collector.service import supervisor
    from collector.settings import load_settings

    settings = load_settings()
    policy = settings.policy()
    begin("up")
    supervisor.run(settings, policy, receiver=receiver, dashboard=dashboard, on_ready=on_ready)


def _print_addresses(endpoints: dict[str, str]) -> None:
    typer.echo("Spanledger is up.")
    if "otlp_http" in endpoints:
        typer.echo(f"  Send OTLP/HTTP to  {endpoints['otlp_http']}")
        typer.echo(f"  or OTLP/gRPC to    {endpoints['otlp_grpc']}")
    if "dashboard" in endpoints:
        typer.echo(f"  Open in a browser  {endpoints['dashboard']}")
    typer.echo("Ctrl-C stops it.")


def _send_first_samples(endpoints: dict[str, str], key: str) -> None:
    """Send the samples to the instance that has just started. If that fails, it goes on, with a message."""
    from collector.demo import DemoError, send_demo

    try:
        send_demo(endpoints["otlp_http"], key=key, progress=typer.echo)
    except DemoError as error:
        typer.echo(f"spanledger: {error}", err=True)
    _print_addresses(endpoints)
