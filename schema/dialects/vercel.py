"""Vercel AI SDK 5 and 6 (7 writes OpenTelemetry GenAI): https://ai-sdk.dev/docs/ai-sdk-core/telemetry."""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="vercel",
    scopes=("ai",),
    kinds={
        "ai.operationId": {
            # The outer span repeats the sums of its do* children: it is the loop, not a call.
            "ai.generatetext": "agent",
            "ai.streamtext": "agent",
            "ai.generateobject": "agent",
            "ai.streamobject": "agent",
            "ai.generatetext.dogenerate": "llm",
            "ai.streamtext.dostream": "llm",
            "ai.generateobject.dogenerate": "llm",
            "ai.streamobject.dostream": "llm",
            "ai.toolcall": "tool",
            "ai.embed": "workflow",
            "ai.embedmany": "workflow",
            "ai.embed.doembed": "embedding",
            "ai.embedmany.doembed": "embedding",
            "ai.rerank": "workflow",
            "ai.rerank.dorerank": "reranker",
        }
    },
    columns={
        "response_model": ("ai.response.model",),
        "request_model": ("ai.model.id",),
        "provider": ("ai.model.provider",),
        "response_id": ("ai.response.id",),
        "tool_name": ("ai.toolCall.name",),
        "tool_call_id": ("ai.toolCall.id",),
        "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        "output_tokens": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
        "cached_input_tokens": ("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
        "cache_write_tokens": ("ai.usage.inputTokenDetails.cacheWriteTokens",),
        "reasoning_tokens": ("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
    },
    usage=("ai.response.providerMetadata",),
    named={"workflow": ("ai.telemetry.functionId",)},
    metadata=("ai.telemetry.metadata.",),
    input=("ai.prompt.messages", "ai.prompt"),
    definitions=("ai.prompt.tools",),
    input_value=("ai.value", "ai.values"),
    answer=("ai.response.text", "ai.response.reasoning", "ai.response.toolCalls"),
    output_value=("ai.response.object",),
    tool_input=("ai.toolCall.args", "ai.toolCall.input"),
    tool_output=("ai.toolCall.result", "ai.toolCall.output"),
)
