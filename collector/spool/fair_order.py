"""Fair order among ingest keys: the rule by which they share the writer and the workers."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def round_robin(queues: Mapping[str, Iterator[int]], at_work: Mapping[str, int]) -> Iterator[int]:
    """Yield ids from sorted queues. The queue with the fewest turns comes next; on a tie, the lowest id.

    `at_work` has the number of turns that a queue has already had, so a key that keeps the workers busy comes later.
    """
    turns: list[tuple[int, int, str]] = []
    for name, queue in queues.items():
        first = next(queue, None)
        if first is not None:
            turns.append((at_work.get(name, 0), first, name))
    heapq.heapify(turns)
    while turns:
        turns_taken, request_id, name = turns[0]
        yield request_id
        following = next(queues[name], None)
        if following is None:
            heapq.heappop(turns)
        else:
            heapq.heapreplace(turns, (turns_taken + 1, following, name))
