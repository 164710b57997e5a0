"""Spanledger's own convention; `agentops.*` is the prefix that it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.dialects.dialect import Dialect

if TYPE_CHECKING:
    from schema.span import Kind

_KINDS: dict[str, Kind] = {
    "agent": "agent",
    "workflow": "workflow",
    "llm": "llm",
    "tool": "tool",
    "retrieval": "retrieval",
    "embedding": "embedding",
    "reranker": "reranker",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
    "human": "human",
    "other": "other",
}


def _both(name: str) -> tuple[str, str]:
    return f"spanledger.{name}", f"agentops.{name}"


DIALECT = Dialect(
    name="spanledger",
    kinds=dict.fromkeys(_both("span.kind"), _KINDS),
    columns={
        "prompt_version": _both("prompt.version"),
        "prompt_hash": _both("prompt.hash"),
        "policy_name": _both("policy.name"),
        "policy_decision": _both("policy.decision"),
        "approval_status": _both("approval.status"),
        "approval_by": _both("approval.by"),
        "outcome": _both("outcome"),
    },
)
