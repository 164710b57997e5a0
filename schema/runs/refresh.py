"""What is done for a run whenever something of it was stored: one order, for whoever does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.runs.late_context import inherit
from schema.runs.log_content import join_logs
from schema.runs.recompute import recompute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.policy.policy import Policy
    from schema.store.store import Store


def bring_up_to_date(store: Store, trace_ids: Iterable[str], policy: Policy) -> None:
    """Give the spans of these traces what came apart from them, then write their runs anew. Raises StoreError.

    The runs come last: a run that is newer than its spans and log records says that all of this was done.
    """
    traces = sorted(set(trace_ids) - {""})
    inherit(store, traces, policy)
    join_logs(store, traces)
    recompute(store, traces)
