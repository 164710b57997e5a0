"""OpenTelemetry GenAI, latest and old names: https://github.com/open-telemetry/semantic-conventions-genai."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="otel_genai",
    scopes=("opentelemetry.instrumentation", "opentelemetry.util.genai"),
    kinds={
        "gen_ai.operation.name": {
            "chat": "llm",
            "generate_content": "llm",
            "text_completion": "llm",
            "embeddings": "embedding",
            "retrieval": "retrieval",
            "rerank": "reranker",
            "execute_tool": "tool",
            "invoke_agent": "agent",
            "create_agent": "agent",
            "agent_step": "agent",
            "plan": "agent",
            "invoke_workflow": "workflow",
            "evaluate": "evaluator",
            # MLflow, configured to write the standard, has no other name for these.
            "retriever": "retrieval",
            "chain": "workflow",
        }
    },
    columns={
        "response_model": ("gen_ai.response.model",),
        "request_model": ("gen_ai.request.model",),
        "provider": ("gen_ai.provider.name", "gen_ai.system"),
        "response_id": ("gen_ai.response.id",),
        "tool_name": ("gen_ai.tool.name",),
        "tool_call_id": ("gen_ai.tool.call.id",),
        "agent_name": ("gen_ai.agent.name",),
        "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "cached_input_tokens": ("gen_ai.usage.cache_read.input_tokens",),
        "cache_write_tokens": ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens",),
        "service_tier": (
            *("openai.response.service_tier", "gen_ai.openai.response.service_tier", "gen_ai.response.service_tier"),
            *("gen_ai.anthropic.service_tier", "gen_ai.service_tier", "langsmith.metadata.service_tier"),
        ),
        "requested_tier": (
            *("openai.request.service_tier", "gen_ai.openai.request.service_tier", "gen_ai.request.service_tier"),
            "gen_ai.request.batch",
        ),
        "reported_cost": (
            *("gen_ai.usage.cost", "gen_ai.usage.total_cost", "gen_ai.usage.cost_usd", "gen_ai.usage.cost.total"),
            *("gen_ai.cost.total_cost", "gen_ai.cost.total", "gen_ai.cost.total_tokens", "llm.usage.cost"),
        ),
        "prompt_name": ("gen_ai.prompt.name",),
        "error_type": ("error.type",),
    },
    named={"workflow": ("gen_ai.workflow.name",), "session": ("gen_ai.conversation.id",)},
    usage=("gen_ai.usage.raw", "gen_ai.usage", "gen_ai.response.usage", "gen_ai.usage_metadata", "braintrust.metrics"),
    input=("gen_ai.input.messages",),
    output=("gen_ai.output.messages",),
    tool_input=("gen_ai.tool.call.arguments",),
    tool_output=("gen_ai.tool.call.result",),
    instructions=("gen_ai.system_instructions",),
    definitions=("gen_ai.tool.definitions",),
)
