"""AG2: OpenTelemetry GenAI plus `ag2.*`; its span `record_usage` repeats the usage of the call beside it."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="ag2",
    kinds={
        "ag2.span.type": {
            "conversation": "workflow",
            "multi_conversation": "workflow",
            "agent": "agent",
            "llm": "llm",
            "tool": "tool",
            "handoff": "agent",
            "speaker_selection": "workflow",
            "human_input": "human",
            "code_execution": "tool",
            "record_usage": "other",
        }
    },
    columns={
        "reasoning_tokens": ("gen_ai.usage.thinking_tokens",),
        "reported_cost": ("gen_ai.usage.cost",),
    },
)
