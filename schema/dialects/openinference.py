"""OpenInference (Arize): https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="openinference",
    scopes=("openinference.instrumentation", "@arizeai/openinference-instrumentation"),
    kinds={
        "openinference.span.kind": {
            "llm": "llm",
            "tool": "tool",
            "chain": "workflow",
            "agent": "agent",
            "retriever": "retrieval",
            "embedding": "embedding",
            "reranker": "reranker",
            "guardrail": "guardrail",
            "evaluator": "evaluator",
            "prompt": "other",
        }
    },
    columns={
        "response_model": ("llm.response.model_name",),
        "request_model": ("llm.model_name", "llm.request.model_name", "embedding.model_name", "reranker.model_name"),
        "provider": ("llm.provider",),
        "product": ("llm.system",),
        "tool_name": ("tool.name",),
        "tool_call_id": ("tool_call.id", "tool.call_id", "tool.id"),
        "agent_name": ("agent.name",),
        "input_tokens": ("llm.token_count.prompt",),
        "output_tokens": ("llm.token_count.completion",),
        "cached_input_tokens": ("llm.token_count.prompt_details.cache_read",),
        "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
        "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
        "reported_cost": ("llm.cost.total",),
        "requested_tier": ("llm.invocation_parameters",),
        "prompt_name": ("prompt.id",),
        "prompt_version": ("llm.prompt_template.version", "prompt.version"),
    },
    metadata=("metadata",),
    input=("llm.input_messages.",),
    definitions=("llm.tools.",),
    output=("llm.output_messages.",),
    input_value=("input.value", "embedding.embeddings.", "reranker.query", "reranker.input_documents."),
    output_value=("retrieval.documents.", "reranker.output_documents.", "output.value"),
)
