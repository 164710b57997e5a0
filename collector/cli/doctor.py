"""`spanledger doctor`: is everything here that is needed, and what to do about what is not."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from collector.api.client import running
from collector.keys.expiry import ending
from collector.open_store import open_store
from collector.receivers.tls import load_tls
from collector.service.listening import listen
from collector.settings import SettingsError, refuse_keyless_receiver
from collector.spool.ledger import totals
from collector.spool.seal import KeyFileError
from collector.spool.spool import SpoolError, open_spool
from redaction.errors import RedactionError
from redaction.models import DEFAULT, require_model
from schema.policy.policy import PolicyError
from schema.queries.drills import LAST_DRILL, LastDrill
from schema.queries.holdings import holdings
from schema.queries.scope import EVERYTHING
from schema.store.errors import StoreError
from schema.store.store import NothingStoredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.api.client import Instance
    from collector.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `advice` is empty when it is well."""

    what: str
    state: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at version, settings, data directory, spool, model, ports and store, in this order."""
    yield Finding("version", version("spanledger"))
    yield _policy(settings)
    yield from _keys(settings)
    yield _data_dir(settings)
    instance = None
    try:
        instance = running(settings)
    except SettingsError as error:
        yield Finding("instance", str(error), "what it logs says why")
    else:
        yield Finding("instance", f"runs (process {instance.endpoints['pid']})" if instance else "none is running")
    yield _guarded("spool", lambda: _spool(settings), "free the disk, or bring back the key that sealed it")
    yield _guarded("redaction model", lambda: _models(settings), "run: make install, and make thorough for Rampart")
    for field, what in (
        ("otlp_http_port", "OTLP/HTTP port"),
        ("otlp_grpc_port", "OTLP/gRPC port"),
        ("dashboard_port", "dashboard port"),
    ):
        yield _port(settings, field, what, instance)
    help_store = "see SPANLEDGER_STORE, or stop what holds the store"
    yield _guarded("store", lambda: _store(settings, instance), help_store)
    yield from _holdings(settings, instance)
    yield _guarded("redaction", lambda: _proven(settings, instance), help_store)


def _policy(settings: Settings) -> Finding:
    where = str(settings.policy_path or "none: defaults are in force")
    try:
        refuse_keyless_receiver(settings, settings.policy(), receiver=True, dashboard=True)
        load_tls(settings)
    except (PolicyError, SettingsError) as error:
        return Finding("settings", str(error), "mend what is named here")
    return Finding("settings", f"policy file {where}")


def _keys(settings: Settings) -> Iterator[Finding]:
    try:
        keys = settings.policy().ingest_keys
    except PolicyError:
        return  # the file is complained of above
    warnings = list(ending(keys, datetime.now(UTC)))
    for sentence in warnings:
        yield Finding("ingest keys", sentence, "make its next one: spanledger keys new, with the same name")
    if keys and not warnings:
        yield Finding("ingest keys", f"{len(keys)}, and every sender has one for the next 14 days")


def _models(settings: Settings) -> str:
    try:
        chosen = settings.policy().redaction.models
    except PolicyError:
        chosen = frozenset({""})  # the file is complained of above
    return ", ".join(f"{name or DEFAULT} in {require_model(name or DEFAULT)}" for name in sorted(chosen))


def _data_dir(settings: Settings) -> Finding:
    folder = settings.data_dir
    if not folder.exists():
        return Finding("data directory", f"{folder} will be made")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return Finding("data directory", f"{folder} is open to others (mode {mode:o})", f"run: chmod 700 {folder}")
    return Finding("data directory", str(folder))


def _guarded(what: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, look())
    except (SpoolError, KeyFileError, RedactionError, StoreError, OSError) as error:
        return Finding(what, str(error), advice)


def _spool(settings: Settings) -> str:
    if not settings.spool_path.exists():
        return "will be made"
    spool = open_spool(settings)
    try:
        counts = spool.counts()
        with spool.opened() as connection:
            lost = sum(entry.counts["lost_spans"] for entry in totals(connection))
    finally:
        spool.close()
    gone = f"; {lost} spans were lost with its damage (spanledger ledger)" if lost else ""
    return f"{counts.waiting_requests} requests wait, {counts.quarantined} are quarantined{gone}"


def _store(settings: Settings, instance: Instance | None) -> str:
    sql = "SELECT (SELECT count() FROM runs FINAL) AS runs, (SELECT count() FROM spans) AS spans"
    try:
        row = _ask(settings, instance, sql)[0]
    except NothingStoredError:
        return f"none yet for {settings.data_dir}: `spanledger up` makes it"
    return f"{row['runs']} runs, {row['spans']} spans"


def _holdings(settings: Settings, instance: Instance | None) -> Iterator[Finding]:
    """Compare what the ledger says is stored with what is there."""
    what = "stored rows"
    try:
        if instance:
            problems = instance.store_problems()
        else:
            with open_store(settings, patience=0, create=False) as store:
                problems = holdings(store, EVERYTHING).sentences
    except NothingStoredError:
        return
    except StoreError as error:
        yield Finding(what, str(error), "see the store, above")
        return
    for sentence in problems:
        yield Finding(what, sentence, "see docs/operations.md, Rows vanished from the store")
    if not problems:
        yield Finding(what, "all of the last seven days are there")


def _proven(settings: Settings, instance: Instance | None) -> str:
    try:
        rows = _ask(settings, instance, LAST_DRILL)
    except NothingStoredError:
        rows = []
    if not rows:
        return "not proven here yet: `spanledger drill` does it"
    last = LastDrill(**rows[0])
    return f"last proven {last.at:%Y-%m-%d}: {last.removed} of {last.planted} planted texts were removed"


def _ask(settings: Settings, instance: Instance | None, sql: str) -> list[dict[str, Any]]:
    if instance:
        table = instance.query(sql)
    else:
        with open_store(settings, patience=0, create=False) as store:
            table = store.query(sql)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _port(settings: Settings, field: str, what: str, instance: Instance | None) -> Finding:
    port = getattr(settings, field)
    ours = instance and any(address.endswith(f":{port}") for address in map(str, instance.endpoints.values()))
    if ours:
        return Finding(what, f"{port} is ours")
    try:
        listener = listen(settings.host, port)
    except OSError as error:
        return Finding(what, f"{port}: {error.strerror}", f"stop what uses it, or set SPANLEDGER_{field.upper()}")
    listener.close()
    return Finding(what, f"{port} is free")
