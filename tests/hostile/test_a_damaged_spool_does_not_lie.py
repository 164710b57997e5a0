"""After any damage to the spool's files, the ledger counts the lost spans, and storing goes on."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from damage import KINDS
from without_redaction import QuickPool

from collector.delivery import Writer
from collector.jobs.ledger_copy import LedgerCopy
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool, SpoolError
from schema.ledger_lines import Line, total
from schema.policy.policy import Policy
from schema.queries.ledger import lines
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store.store import Store

KEY = bytes(range(32))
SEEDS = int(os.environ.get("DAMAGE_SEEDS", "1"))
"""Number of damages of each kind, both while it runs and while it is stopped; `make faults` sets more."""

_ATTEMPTS = 40  # at something that a spool refuses while it recovers
_TABLES = ("spans", "runs", "ledger", "removals")


class Way:
    """A spool with its receiver and its writer, the store, and the acknowledged spans."""

    def __init__(self, folder: Path, store: Store, noise: random.Random) -> None:
        self.path = folder / "spool.sqlite"
        self.store = store
        self.noise = noise
        self.acknowledged: list[str] = []
        self.numbers: list[int] = []
        self.open()

    def open(self) -> None:
        self.receiver, self.server = (self._opened() for _ in range(2))
        self.writer = Writer(self.server, self.store, QuickPool(), Policy())
        self.settled = False

    def _opened(self) -> Spool:
        return Spool(self.path, Seal(KEY), max_bytes=1 << 30)

    def close(self) -> None:
        self.receiver.close()
        self.server.close()

    def send(self, requests: int) -> None:
        """Send until so many spans are acknowledged; retry refused requests, as exporters do."""
        while requests > 0:
            group = []
            for _ in range(min(requests, self.noise.choice([1, 16]))):
                body, span_ids = run_request(["Where is my parcel?" * self.noise.randint(1, 200)])
                group.append((Incoming("traces", body, "s", self.noise.choice(["alpha", "beta"]), 2), span_ids))
            self._append(group)
            requests -= len(group)

    def _append(self, group: list[tuple[Incoming, list[str]]]) -> None:
        for _ in range(_ATTEMPTS):
            with suppress(SpoolError):
                receipts = self.receiver.append([request for request, _ in group])
                self.acknowledged += [span_id for _, span_ids in group for span_id in span_ids]
                self.numbers += [receipt.id for receipt in receipts]
                return
        pytest.fail("the spool takes nothing any more")

    def work(self, steps: int) -> None:
        """Run steps of the writer, as its loop does."""
        for _ in range(steps):
            with suppress(SpoolError):
                if not self.settled or self.writer.behind:
                    self.writer.recover()
                    self.settled = True
                self.writer.step()
                continue
            self.settled = False

    def drain(self) -> None:
        for _ in range(_ATTEMPTS):
            self.work(5)
            with suppress(SpoolError):
                if not self.server.counts().waiting_requests and self.settled:
                    LedgerCopy(self.server, self.store).copy()
                    return
        pytest.fail("what waits is not stored any more")

    def stored(self) -> Counter[str]:
        return Counter(self.store.query("SELECT span_id FROM spans").column("span_id").to_pylist())

    def ledger(self) -> Line:
        now = datetime.now(UTC)
        return total(lines(self.store, EVERYTHING, now - timedelta(days=1), now + timedelta(days=1)))


@pytest.fixture
def emptied(store: Store) -> Store:
    for table in _TABLES:
        store.command(f"TRUNCATE TABLE {table}")
    return store


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("while_it", ["runs", "is stopped"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_gone_is_counted_and_storing_goes_on(
    tmp_path: Path,
    emptied: Store,
    kind: str,
    while_it: str,
    seed: int,
) -> None:
    noise = random.Random(f"{kind} {while_it} {seed}")
    (tmp_path / "data").mkdir()
    way = Way(tmp_path / "data", emptied, noise)
    way.send(noise.randint(5, 120))
    way.work(noise.randint(0, 3))
    if noise.random() < 0.5:
        LedgerCopy(way.server, emptied).copy()
    way.send(noise.randint(5, 120))
    if while_it == "runs":
        KINDS[kind](way.path, noise)
    else:
        killed = tmp_path / "killed"  # the state after a kill: the file and its log
        shutil.copytree(tmp_path / "data", killed)
        way.close()
        way.path = killed / "spool.sqlite"
        KINDS[kind](way.path, noise)
        way.open()
    way.send(3)
    way.drain()
    assert_it_does_not_lie(way)
    way.close()


def assert_it_does_not_lie(way: Way) -> None:
    stored, ledger = way.stored(), way.ledger()
    gone = [span_id for span_id in way.acknowledged if span_id not in stored]
    assert set(stored.values()) == {1}, "nothing is stored twice"
    assert set(stored) <= set(way.acknowledged), "nothing is stored that was not sent"
    assert set(way.acknowledged[-3:]) <= set(stored), "what came afterwards is stored"
    assert len(set(way.numbers)) == len(way.numbers), "a number names one request"
    assert not ledger.missing_spans
    assert not ledger.missing_requests
    if ledger.uncounted_losses:
        assert "adds up:" not in ledger.verdict.split(",")[0].removeprefix("It is not known whether it ")
    else:
        assert ledger.lost_spans + ledger.quarantined_spans == len(gone)
        assert ledger.stored_spans == len(stored)
