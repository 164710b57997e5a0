"""Attributes that hold an identifier, an enumeration or a version, not free text.

Only pattern rules run on them (an e-mail address in `session.id` is still found). The language model does not, because
it takes identifiers for names. The list is reviewed by hand: add a key only if its convention defines the value as not
prose. A key that merely looks similar is treated as free text.
"""

from __future__ import annotations

import re
from typing import Final

STRUCTURED_KEYS: Final = frozenset(
    {
        "agent.name",
        "agentops.team",
        "agentops.workflow",
        "deployment.environment",
        "deployment.environment.name",
        "error.type",
        "event.name",
        "exception.type",
        "gen_ai.agent.name",
        "gen_ai.tool.name",
        "gen_ai.workflow.name",
        "input.mime_type",
        "llm.model_name",
        "llm.provider",
        "llm.system",
        "messaging.system",
        "openinference.span.kind",
        "output.mime_type",
        "service.instance.id",
        "service.name",
        "service.namespace",
        "service.version",
        "session.id",
        "spanledger.team",
        "spanledger.workflow",
        "tool.name",
        "team",
        "tool_name",
        "workflow",
    }
)
"""Exact keys of OpenTelemetry, OpenInference and our own convention."""

_STRUCTURED: Final = re.compile(
    r"""
      (gen_ai|llm|ai|langfuse|traceloop|mlflow|spanledger|agentops|langsmith|celery|temporal|mcp)\.(?:[\w.]*[._])?
      ( (model|provider|system|operation|agent|tool|workflow|prompt)(\.name|_name|\.id|_id) | model | provider | system
      | operationId | kind | type | version | finish_reasons? | stop_reason | role | status | state | decision | tier
      | environment | mime_type | ids? | hash | language )
    | telemetry\.(sdk|auto|distro)\.[\w.]+
    | (server|network|url|http|rpc|process\.(pid|runtime))\.(port|scheme|method|status_code|protocol|version|name)
    | (\w+\.)*(message\.role|document\.id|tool_call\.id|tool_call\.function\.name|tool_call_id)
    """,
    re.VERBOSE,
)
"""Families of keys. They apply only to a value of one short word."""

_MAX_WORD: Final = 128  # characters
_known: dict[str, bool] = {}
_MAX_KNOWN: Final = 10_000


def is_structured(key: str, value: str) -> bool:
    """Return whether this attribute holds an identifier, an enumeration or a version, not free text."""
    if key in STRUCTURED_KEYS:
        return True
    known = _known.get(key)
    if known is None:
        known = _STRUCTURED.fullmatch(key) is not None
        if len(_known) < _MAX_KNOWN:  # limits memory, because senders choose keys
            _known[key] = known
    return known and len(value) <= _MAX_WORD and not any(map(str.isspace, value))
