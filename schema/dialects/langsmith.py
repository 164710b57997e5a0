"""LangSmith's OpenTelemetry exporter: https://docs.langchain.com/langsmith/trace-with-opentelemetry.

Its `gen_ai.operation.name` is `embeddings` for a retriever and `chain` for a chain: its own kind wins.
`langsmith.trace.session_name` is a project, not a session.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="langsmith",
    scopes=("langsmith",),
    kinds={
        "langsmith.span.kind": {
            "llm": "llm",
            "chain": "workflow",
            "tool": "tool",
            "retriever": "retrieval",
            "embedding": "embedding",
            "prompt": "other",
            "parser": "other",
        }
    },
    columns={
        "provider": ("langsmith.metadata.ls_provider",),
        "request_model": ("langsmith.metadata.ls_model_name",),
        "agent_name": ("langsmith.metadata.lc_agent_name",),
    },
    metadata=("langsmith.metadata.",),
    usage=("langsmith.metadata.usage_metadata",),
    input_value=("gen_ai.prompt",),
    output_value=("gen_ai.completion",),
    exceptions_are_errors=True,
)
