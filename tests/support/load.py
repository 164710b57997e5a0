"""A sender that records acknowledged spans, and checks that they are stored."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
from agent_runs import run_request
from instance import command
from memory import assert_memory_is_bounded

if TYPE_CHECKING:
    from instance import Instance

_PAUSE = 0.1  # seconds between two attempts with one request


class Load:
    """Sends runs from a thread until it is stopped, and records the acknowledged spans.

    With `patient` a request is sent again until it is acknowledged, as exporters do: it may have been taken before.
    """

    def __init__(self, instance: Instance, *, patient: bool = False, **headers: str) -> None:
        self._instance = instance
        self._patient = patient
        self._headers = headers
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.last = b""  # the body that was acknowledged last
        self.answers: Counter[int] = Counter()  # by status
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            body, span_ids = run_request([f"Where is parcel {number}?", "Thank you."] * 4)
            while not self._sent(body):
                if not self._patient or self._stop.is_set():
                    break
                time.sleep(_PAUSE)
            else:
                self.acknowledged += span_ids
                self.last = body

    def _sent(self, body: bytes) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            answer = self._instance.send(body, **self._headers)
            self.answers[answer.status_code] += 1
            return answer.status_code == httpx.codes.OK
        return False

    def until(self, count: int) -> None:
        self._instance.wait(lambda: len(self.acknowledged) >= count, "acknowledgements")

    def stop(self) -> list[str]:
        self._stop.set()
        self._thread.join()
        return self.acknowledged


def stored(instance: Instance) -> Counter[str]:
    return Counter(row["span_id"] for row in instance.sql("SELECT span_id FROM spans"))


def assert_each_once(instance: Instance, acknowledged: list[str]) -> None:
    """Wait until the spool is empty; assert that acknowledged spans are stored once and counted, and memory is back."""
    instance.settled()
    found = stored(instance)
    assert {span_id: found[span_id] for span_id in acknowledged if found[span_id] != 1} == {}
    in_runs = "SELECT sum(span_count) AS spans FROM runs FINAL"
    instance.wait(lambda: instance.sql(in_runs) == [{"spans": len(found)}], "every span to count in its run, once")
    assert_it_adds_up(instance)
    assert_memory_is_bounded(instance)


def assert_it_adds_up(instance: Instance) -> None:
    """Assert by the ledger that accepted requests are stored, waiting or quarantined, and the store has the rows."""
    done = command(instance.data_dir, "ledger", **instance.settings)
    assert done.returncode == 0, done.stdout + done.stderr
    ever = {"start": "1971-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "by": "signal"}
    counted = {line["signal"]: line for line in instance.api("GET", "/api/ledger", params=ever).json()}
    assert counted["traces"]["stored_spans"] == sum(stored(instance).values())
    assert counted["traces"]["waiting_spans"] == counted["traces"]["lost_spans"] == 0
