"""`spanledger doctor`: checks everything that an instance needs, and says how to fix each problem."""

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
from collector.spool.key_files import KeyFileError
from collector.spool.ledger import totals
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
class Check:
    """The result of one check; `advice` is empty if there is no problem."""

    name: str
    state: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Check version, settings, data directory, spool, model, ports and store, in this order."""
    yield Check("version", version("spanledger"))
    yield _policy(settings)
    yield from _keys(settings)
    yield _data_dir(settings)
    instance = None
    try:
        instance = running(settings)
    except SettingsError as error:
        yield Check("instance", str(error), "read its log")
    else:
        yield Check("instance", f"runs (process {instance.endpoints['pid']})" if instance else "none is running")
    yield _guarded("spool", lambda: _spool(settings), "free disk space, or restore the key that sealed it")
    yield _guarded("redaction model", lambda: _models(settings), "run: make install, and make thorough for Rampart")
    for field, name in (
        ("otlp_http_port", "OTLP/HTTP port"),
        ("otlp_grpc_port", "OTLP/gRPC port"),
        ("dashboard_port", "dashboard port"),
    ):
        yield _port(settings, field, name, instance)
    store_advice = "check SPANLEDGER_STORE, or stop the process that uses the store"
    yield _guarded("store", lambda: _store(settings, instance), store_advice)
    yield from _holdings(settings, instance)
    yield _guarded("redaction", lambda: _last_drill(settings, instance), store_advice)


def _policy(settings: Settings) -> Check:
    path = str(settings.policy_path or "none: defaults are in force")
    try:
        refuse_keyless_receiver(settings, settings.policy(), receiver=True, dashboard=True)
        load_tls(settings)
    except (PolicyError, SettingsError) as error:
        return Check("settings", str(error), "fix the setting or file named here")
    return Check("settings", f"policy file {path}")


def _keys(settings: Settings) -> Iterator[Check]:
    try:
        keys = settings.policy().ingest_keys
    except PolicyError:
        return  # reported by the check of the settings
    warnings = list(ending(keys, datetime.now(UTC)))
    for sentence in warnings:
        yield Check("ingest keys", sentence, "create another key of the same name: spanledger keys new")
    if keys and not warnings:
        yield Check("ingest keys", f"{len(keys)}, and every sender has a valid one for the next 14 days")


def _models(settings: Settings) -> str:
    try:
        chosen = settings.policy().redaction.models
    except PolicyError:
        chosen = frozenset({""})  # reported by the check of the settings
    return ", ".join(f"{name or DEFAULT} in {require_model(name or DEFAULT)}" for name in sorted(chosen))


def _data_dir(settings: Settings) -> Check:
    folder = settings.data_dir
    if not folder.exists():
        return Check("data directory", f"{folder} will be created")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return Check("data directory", f"{folder} is open to others (mode {mode:o})", f"run: chmod 700 {folder}")
    return Check("data directory", str(folder))


def _guarded(name: str, check: Callable[[], str], advice: str) -> Check:
    try:
        return Check(name, check())
    except (SpoolError, KeyFileError, RedactionError, StoreError, OSError) as error:
        return Check(name, str(error), advice)


def _spool(settings: Settings) -> str:
    if not settings.spool_path.exists():
        return "will be created"
    spool = open_spool(settings)
    try:
        counts = spool.counts()
        with spool.opened() as connection:
            lost = sum(entry.counts["lost_spans"] for entry in totals(connection))
    finally:
        spool.close()
    losses = f"; {lost} spans were lost because it was damaged (spanledger ledger)" if lost else ""
    return f"{counts.waiting_requests} requests wait, {counts.quarantined} are quarantined{losses}"


def _store(settings: Settings, instance: Instance | None) -> str:
    sql = "SELECT (SELECT count() FROM runs FINAL) AS runs, (SELECT count() FROM spans) AS spans"
    try:
        row = _query(settings, instance, sql)[0]
    except NothingStoredError:
        return f"none yet for {settings.data_dir}: `spanledger up` creates it"
    return f"{row['runs']} runs, {row['spans']} spans"


def _holdings(settings: Settings, instance: Instance | None) -> Iterator[Check]:
    """Compare the ledger's counts of stored rows with the rows in the store."""
    name = "stored rows"
    try:
        if instance:
            problems = instance.store_problems()
        else:
            with open_store(settings, patience=0, create=False) as store:
                problems = holdings(store, EVERYTHING).sentences
    except NothingStoredError:
        return
    except StoreError as error:
        yield Check(name, str(error), "see the check of the store, above")
        return
    for sentence in problems:
        yield Check(name, sentence, "see docs/operations.md, Rows vanished from the store")
    if not problems:
        yield Check(name, "all rows of the last seven days are there")


def _last_drill(settings: Settings, instance: Instance | None) -> str:
    try:
        rows = _query(settings, instance, LAST_DRILL)
    except NothingStoredError:
        rows = []
    if not rows:
        return "not proven here yet: run `spanledger drill`"
    last = LastDrill(**rows[0])
    return f"last proven {last.at:%Y-%m-%d}: {last.removed} of {last.planted} planted texts were removed"


def _query(settings: Settings, instance: Instance | None, sql: str) -> list[dict[str, Any]]:
    if instance:
        table = instance.query(sql)
    else:
        with open_store(settings, patience=0, create=False) as store:
            table = store.query(sql)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _port(settings: Settings, field: str, name: str, instance: Instance | None) -> Check:
    port = getattr(settings, field)
    ours = instance and any(address.endswith(f":{port}") for address in map(str, instance.endpoints.values()))
    if ours:
        return Check(name, f"{port} is used by this instance")
    try:
        listener = listen(settings.host, port)
    except OSError as error:
        return Check(name, f"{port}: {error.strerror}", f"stop what uses it, or set SPANLEDGER_{field.upper()}")
    listener.close()
    return Check(name, f"{port} is free")
