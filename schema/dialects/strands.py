"""Strands Agents: OpenTelemetry GenAI with Bedrock-style content in span events.

https://strandsagents.com/latest/documentation/docs/user-guide/observability-evaluation/traces/
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="strands",
    scopes=("strands",),
    scoped=True,
    kinds={"gen_ai.operation.name": {"execute_event_loop_cycle": "workflow", "invoke_swarm": "workflow"}},
    failures={"gen_ai.tool.status": frozenset({"error"})},
    columns={
        "cached_input_tokens": ("gen_ai.usage.cache_read_input_tokens",),
        "cache_write_tokens": ("gen_ai.usage.cache_write_input_tokens",),
    },
)
