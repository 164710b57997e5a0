"""When a block of rows is due: rows are inserted together, but not late."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from collector.exporters import batch
from collector.exporters.batch import Block
from collector.pipeline.worker import Rows


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(batch, "time", SimpleNamespace(time=lambda: clock.now, monotonic=lambda: clock.now))
    return clock


def rows(number: int, *, received_at: float, count: int = 10) -> Rows:
    return Rows(number, "traces", int(received_at * 1e9), b"", count)


@pytest.mark.parametrize(("waited", "patience"), [(0.0, 0.3), (1.0, 0.3), (5.0, 1.0), (3600.0, 1.5), (-3600.0, 0.3)])
def test_rows_wait_for_more_rows_by_the_age_of_their_request(
    clock: SimpleNamespace, waited: float, patience: float
) -> None:
    waiting = Block()
    waiting.add(rows(1, received_at=clock.now - waited))
    clock.now += patience - 0.01
    waiting.add(rows(2, received_at=clock.now))
    assert not waiting.is_due(alone=False)
    assert waiting.is_due(alone=True)
    clock.now += 0.02
    assert waiting.is_due(alone=False)


def test_a_full_block_does_not_wait(clock: SimpleNamespace) -> None:
    waiting = Block()
    waiting.add(rows(1, received_at=clock.now, count=3_999))
    assert not waiting.is_due(alone=False)
    waiting.add(rows(2, received_at=clock.now, count=1))
    assert waiting.is_due(alone=False)


def test_taken_rows_leave_the_block(clock: SimpleNamespace) -> None:
    waiting = Block()
    assert not waiting.is_due(alone=True)
    waiting.add(rows(1, received_at=clock.now, count=4_000))
    assert list(waiting.requests) == [1]
    assert [one.request_id for one in waiting.taken()] == [1]
    assert list(waiting.requests) == []
    waiting.add(rows(2, received_at=clock.now))
    assert not waiting.is_due(alone=False)
