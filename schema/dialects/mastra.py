"""Mastra's exporter for OpenTelemetry: https://mastra.ai/docs/observability/tracing/exporters/otel.

A `model_generation` is the loop of an agent with the sum of its calls' tokens; its steps have none, so it is the call.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="mastra",
    scopes=("@mastra/otel", "@mastra/otel-exporter"),
    scoped=True,
    kinds={
        "mastra.span.type": {
            "agent_run": "agent",
            "workflow_run": "workflow",
            "workflow_step": "workflow",
            "workflow_parallel": "workflow",
            "workflow_conditional": "workflow",
            "workflow_loop": "workflow",
            "model_generation": "llm",
            "llm_generation": "llm",
            "model_step": "workflow",
            "llm_step": "workflow",
            "tool_call": "tool",
            "mcp_tool_call": "tool",
        }
    },
    failures={"gen_ai.response.finish_reasons": frozenset({"error"})},
    columns={
        "agent_name": ("gen_ai.agent.name", "agent.name", "agent.id"),
        "tool_name": ("gen_ai.tool.name", "tool.id"),
        "cached_input_tokens": ("gen_ai.usage.cached_input_tokens",),
        "status_message": ("error.message",),
    },
    context={"session": ("sessionId", "threadId"), "user": ("userId", "resourceId")},
    input_value=("input",),
    output_value=("output",),
)
