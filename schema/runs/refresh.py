"""The steps that bring runs up to date after spans or log records were stored, in their one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.pricing.prices import prices_of
from schema.runs.late_context import inherit
from schema.runs.log_content import join_logs
from schema.runs.recompute import recompute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.policy.policy import Policy
    from schema.store.store import Store


def refresh_runs(store: Store, trace_ids: Iterable[str], policy: Policy) -> None:
    """Complete the spans of these traces from other requests and log records, then write their runs. Raises StoreError.

    The runs come last: a run that is newer than its spans and log records means that all of this was done.
    """
    traces = sorted(set(trace_ids) - {""})
    inherit(store, traces, policy)
    join_logs(store, traces)
    recompute(store, traces, prices_of(policy.prices))
