"""OpenLLMetry (Traceloop), indexed keys (0.33) and JSON (0.62).

https://github.com/traceloop/openllmetry/blob/main/packages/opentelemetry-semantic-conventions-ai.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="openllmetry",
    scopes=("traceloop.tracer", "opentelemetry.instrumentation.openai.v1", "opentelemetry.instrumentation.langchain"),
    kinds={
        "traceloop.span.kind": {"workflow": "workflow", "task": "workflow", "agent": "agent", "tool": "tool"},
        "gen_ai.operation.name": {
            "execute_task": "workflow",
            "vector_db_retrieve": "retrieval",
            "handoff": "agent",
        },
        "llm.request.type": {
            "chat": "llm",
            "completion": "llm",
            "embedding": "embedding",
            "rerank": "reranker",
        },
    },
    columns={
        "provider": ("traceloop.association.properties.ls_provider",),
        "entity_name": ("traceloop.entity.name",),
        "input_tokens": ("llm.usage.prompt_tokens",),
        "output_tokens": ("llm.usage.completion_tokens",),
        "cached_input_tokens": ("llm.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_input_tokens"),
        "cache_write_tokens": ("llm.usage.cache_creation_input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
        "reasoning_tokens": ("gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
        "prompt_name": ("traceloop.prompt.key",),
        "prompt_version": ("traceloop.prompt.version",),
        "prompt_hash": ("traceloop.prompt.version_hash",),
    },
    context={"user": ("gen_ai.user", "llm.user")},
    named={"workflow": ("traceloop.workflow.name",), "workflow_version": ("traceloop.entity.version",)},
    metadata=("traceloop.association.properties.",),
    input=("gen_ai.prompt.",),
    definitions=("llm.request.functions.",),
    output=("gen_ai.completion.",),
    input_value=("traceloop.entity.input", "gen_ai.task.input"),
    output_value=("traceloop.entity.output", "gen_ai.task.output"),
)
