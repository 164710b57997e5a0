"""AG2: OpenTelemetry GenAI plus `ag2.*`.

Its span `record_usage` repeats the usage of its sibling call. Its kind is unknown to us, so it is not a call.
"""

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
            "speaker_selection": "workflow",
            "human_input": "human",
            "code_execution": "tool",
        }
    },
    columns={
        "reasoning_tokens": ("gen_ai.usage.thinking_tokens",),
    },
)
