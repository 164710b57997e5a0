"""CrewAI as OpenLLMetry reports it; as OpenInference reports it, it speaks OpenInference alone.

https://github.com/traceloop/openllmetry/tree/main/packages/opentelemetry-instrumentation-crewai. Its operation is
`invoke_agent` on crew, task and agent alike. `crewai.crew.token_usage` repeats the sums of the calls: it is left alone.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="crewai",
    scopes=("opentelemetry.instrumentation.crewai",),
    scoped=True,
    kinds={
        "crewai.crew.process": {"process.sequential": "workflow", "process.hierarchical": "workflow"},
        "traceloop.span.kind": {"task": "workflow"},
    },
    columns={"agent_name": ("crewai.agent.role",)},
    named={"workflow": ("crewai.crew.name",)},
    input_value=("crewai.task.description",),
    output_value=("crewai.crew.result",),
)
