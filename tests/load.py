"""A sender that remembers what was acknowledged, and the question whether that is stored."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
from agent_runs import run_request
from instance import command

if TYPE_CHECKING:
    from instance import Instance

_PAUSE = 0.1  # seconds between two attempts with one request


class Load:
    """Sends runs from a thread until it is told to stop, and remembers what was acknowledged.

    With `patient` a request is sent again until it is acknowledged, as exporters do: it may have been taken before.
    """

    def __init__(self, instance: Instance, *, patient: bool = False) -> None:
        self._instance = instance
        self._patient = patient
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.answers: Counter[int] = Counter()  # by status
        self._thread = threading.Thread(target=self._send)
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

    def _sent(self, body: bytes) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            answer = self._instance.send(body)
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
    instance.settled()
    found = stored(instance)
    assert {span_id: found[span_id] for span_id in acknowledged if found[span_id] != 1} == {}
    runs = instance.sql("SELECT sum(span_count) AS spans, sum(model_calls) AS calls FROM runs FINAL")[0]
    assert runs["spans"] == len(found)
    assert_it_adds_up(instance)


def assert_it_adds_up(instance: Instance) -> None:
    """Ask the ledger: what was accepted is stored, waits or is quarantined, and the store holds what it says."""
    done = command(instance.data_dir, "ledger", "--by", "signal", "--format", "json", **instance.settings)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = {line["signal"]: line for line in json.loads(done.stdout)}
    assert counted["traces"]["stored"] == sum(stored(instance).values())
