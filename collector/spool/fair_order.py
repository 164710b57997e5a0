"""Whose turn is it? The one rule by which ingest keys share the writer and the workers."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def in_turn(queues: Mapping[str, Iterator[int]], at_work: Mapping[str, int]) -> Iterator[int]:
    """Yield ids from queues that are each sorted, always from the one with the fewest turns; the lowest id on a tie.

    `at_work` says how many turns a queue has had already: whoever keeps the workers busy comes after who does not.
    """
    turns: list[tuple[int, int, str]] = []
    for name, queue in queues.items():
        first = next(queue, None)
        if first is not None:
            turns.append((at_work.get(name, 0), first, name))
    heapq.heapify(turns)
    while turns:
        had, request_id, name = turns[0]
        yield request_id
        following = next(queues[name], None)
        if following is None:
            heapq.heappop(turns)
        else:
            heapq.heapreplace(turns, (had + 1, following, name))
