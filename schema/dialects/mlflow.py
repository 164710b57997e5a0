"""MLflow Tracing over OTLP: https://mlflow.org/docs/latest/genai/tracing/opentelemetry. Its scalars are JSON-quoted."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="mlflow",
    scopes=("mlflow",),
    kinds={
        "mlflow.spanType": {
            "chat_model": "llm",
            "llm": "llm",
            "agent": "agent",
            "tool": "tool",
            "chain": "workflow",
            "workflow": "workflow",
            "retriever": "retrieval",
            "embedding": "embedding",
            "reranker": "reranker",
            "guardrail": "guardrail",
            "evaluator": "evaluator",
            "parser": "other",
            "task": "workflow",
            "memory": "other",
        }
    },
    columns={
        "response_model": ("mlflow.llm.model",),
        "provider": ("mlflow.llm.provider",),
        "entity_name": ("mlflow.spanFunctionName",),
    },
    scoped_columns={"request_model": ("model",)},
    context={"session": ("mlflow.trace.session",), "user": ("mlflow.trace.user",)},
    metadata=("mlflow.traceTag.", "mlflow.traceMetadata."),
    usage=("mlflow.chat.tokenUsage",),
    costs=("mlflow.llm.cost",),
    input_value=("mlflow.spanInputs",),
    definitions=("mlflow.chat.tools",),
    output_value=("mlflow.spanOutputs",),
)
