"""Microsoft Agent Framework: OpenTelemetry GenAI, and between agents the spans of its workflows.

https://learn.microsoft.com/agent-framework/user-guide/agents/agent-observability.
"""

from __future__ import annotations

from schema.dialects.dialect import ANY, Dialect

DIALECT = Dialect(
    name="agent_framework",
    scopes=("agent_framework",),
    scoped=True,
    kinds={"workflow.id": {ANY: "workflow"}, "executor.id": {ANY: "workflow"}},
    named={"workflow": ("workflow.name",)},
)
