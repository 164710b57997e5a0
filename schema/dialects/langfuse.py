"""Langfuse SDK 3 to 5: https://langfuse.com/integrations/native/opentelemetry#property-mapping."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="langfuse",
    scopes=("langfuse",),
    kinds={
        "langfuse.observation.type": {
            "generation": "llm",
            "agent": "agent",
            "tool": "tool",
            "chain": "workflow",
            "retriever": "retrieval",
            "embedding": "embedding",
            "guardrail": "guardrail",
            "evaluator": "evaluator",
            "event": "other",
        }
    },
    failures={"langfuse.observation.level": frozenset({"error"})},
    columns={
        "request_model": ("langfuse.observation.model.name",),
        "prompt_name": ("langfuse.observation.prompt.name",),
        "prompt_version": ("langfuse.observation.prompt.version",),
        "status_message": ("langfuse.observation.status_message",),
    },
    context={
        "session": ("langfuse.session.id",),
        "user": ("langfuse.user.id",),
        "workflow_version": ("langfuse.version",),
        "environment": ("langfuse.environment",),
    },
    metadata=("langfuse.trace.metadata.", "langfuse.observation.metadata."),
    usage=("langfuse.observation.usage_details",),
    costs=("langfuse.observation.cost_details",),
    input_value=("langfuse.observation.input", "langfuse.trace.input"),
    output_value=("langfuse.observation.output", "langfuse.trace.output"),
)
