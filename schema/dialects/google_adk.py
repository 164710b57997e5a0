"""Google Agent Development Kit: OpenTelemetry GenAI plus `gcp.vertex.agent.*`.

https://google.github.io/adk-docs/observability/
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="google_adk",
    scopes=("gcp.vertex.agent",),
    scoped=True,
    kinds={"gen_ai.operation.name": {"call_llm": "llm", "send_data": "other"}},
    context={"session": ("gcp.vertex.agent.session_id",)},
    input_value=("gcp.vertex.agent.llm_request", "gcp.vertex.agent.data"),
    output_value=("gcp.vertex.agent.llm_response",),
    responses=("gcp.vertex.agent.llm_response",),
    tool_input=("gcp.vertex.agent.tool_call_args",),
    tool_output=("gcp.vertex.agent.tool_response",),
)
