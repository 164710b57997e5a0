"""Assertions after every attack: a span is stored, the ledger adds up, memory is released, no raw text is on disk."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from agent_runs import run_request
from memory import assert_memory_is_bounded

if TYPE_CHECKING:
    from instance import Instance

PROMPT_SECONDS: Final = float(os.environ.get("HOSTILE_PROMPT_SECONDS", "30"))
"""Seconds within which an ordinary span must be stored after an attack; `make faults` sets 5."""

_STATES: Final = ("stored", "waiting", "quarantined", "dropped", "lost")


def assert_unharmed(instance: Instance, *, raw: tuple[bytes, ...] = ()) -> None:
    """Assert that an instance works as before the attack; `raw` is text that no file of it may hold."""
    assert_ordinary_span_is_stored(instance)
    instance.settled()
    assert_ledger_adds_up(instance)
    assert_memory_is_bounded(instance)
    assert_nothing_raw(instance, raw)


def assert_ordinary_span_is_stored(instance: Instance) -> float:
    """Send a run of two spans, which must be stored in time; return the seconds until then."""
    body, span_ids = run_request(["Where is my parcel now?"])
    listed = ", ".join(f"'{span_id}'" for span_id in span_ids)
    started = time.monotonic()
    assert instance.send(body).status_code == 200
    while instance.sql(f"SELECT count() AS n FROM spans WHERE span_id IN ({listed})") != [{"n": len(span_ids)}]:
        waited = time.monotonic() - started
        assert waited < PROMPT_SECONDS, f"not stored in time: {instance.log.read_text()[-2000:]}"
        time.sleep(0.05)
    return time.monotonic() - started


def assert_ledger_adds_up(instance: Instance) -> None:
    """Assert that every accepted request and span is in one of the ledger's states."""
    for line in ledger(instance):
        for unit in ("requests", "spans"):
            assert line[f"accepted_{unit}"] == sum(line[f"{state}_{unit}"] for state in _STATES), line


def ledger(instance: Instance) -> list[dict[str, Any]]:
    """Return the ledger of all times, a line a signal."""
    ever = {"start": "1971-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "by": "signal"}
    lines: list[dict[str, Any]] = instance.api("GET", "/api/ledger", params=ever).json()
    return lines


def assert_nothing_raw(instance: Instance, raw: tuple[bytes, ...]) -> None:
    """Assert that neither a file of the data directory nor the log contains one of these texts."""
    for file in [*instance.data_dir.rglob("*"), instance.log] if raw else []:
        if file.is_file():
            content = file.read_bytes()
            assert [text for text in raw if text in content] == [], file
