"""Model Context Protocol: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="mcp",
    kinds={"mcp.method.name": {"tools/call": "tool", "resources/read": "retrieval"}},
    columns={"tool_name": ("mcp.tool.name",)},
    context={"session": ("mcp.session.id",)},
)
