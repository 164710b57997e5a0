"""Pydantic AI through Logfire or plain OpenTelemetry: https://ai.pydantic.dev/logfire/.

`gen_ai.aggregated_usage.*` on the agent repeats the sums of its calls: it is left alone.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="pydantic_ai",
    scopes=("pydantic-ai", "logfire"),
    scoped=True,
    columns={
        "request_model": ("model_name",),
        "agent_name": ("agent_name",),
        "reported_cost": ("operation.cost",),
    },
    metadata=("metadata",),
    input=("pydantic_ai.all_messages", "all_messages_events"),
    both=("events",),
    output_value=("final_result",),
    tool_input=("tool_arguments",),
    tool_output=("tool_response",),
    attribute_schema=("logfire.json_schema",),
)
