"""Claude Code's own telemetry (enhanced tracing beta).

https://docs.claude.com/en/docs/claude-code/monitoring-usage. Its token counts exclude the cache: see usage.py.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="claude_code",
    scopes=("com.anthropic.claude_code",),
    scoped=True,
    kinds={
        "span.type": {
            "interaction": "agent",
            "llm_request": "llm",
            "tool": "tool",
            "tool.execution": "other",  # the same call again, from the inside
            "tool.blocked_on_user": "human",
            "hook": "other",
        }
    },
    failures={"success": frozenset({"false"})},
    columns={
        "request_model": ("model",),
        "tool_name": ("tool_name",),
        "tool_call_id": ("tool_use_id",),
        "uncached_input_tokens": ("input_tokens",),
        "output_tokens": ("output_tokens",),
        "cached_input_tokens": ("cache_read_tokens",),
        "cache_write_tokens": ("cache_creation_tokens",),
        "service_tier": ("speed",),
        "approval_status": ("decision",),
        "approval_by": ("source",),
        "status_message": ("error",),
    },
    input_value=("user_prompt",),
)
