"""Providers of models: one name for each, for the many names that dialects use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Frameworks that write their own name where the provider belongs.
_WRAPPERS = frozenset(
    {
        *(
            "strands-agents",
            "langchain",
            "langgraph",
            "autogen",
            "ag2",
            "llamaindex",
            "llama_index",
            "haystack",
            "crewai",
        ),
        *("smolagents", "litellm", "pydantic-ai", "spring_ai", "semantic_kernel", "microsoft.agent_framework"),
        *("dspy", "agno", "mastra", "unknown", "_other", "custom", "gcp.vertex.agent", "openai_agents", "langsmith"),
    }
)
_NAMES = {
    "gcp.gemini": "google",
    "gemini": "google",
    "google_genai": "google",
    "google-genai": "google",
    "google_ai_studio": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "google_vertexai": "google",
    "google.generative-ai": "google",
    "google.vertex": "google",
    "google-gla": "google",
    "google-vertex": "google",
    "az.ai.openai": "azure.ai.openai",
    "azure.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "aws": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "xai",
    "x-ai": "xai",
}
# Suffixes of the Vercel AI SDK (`openai.chat`), which name the endpoint, not the provider.
_ENDPOINTS = (
    ".chat",
    ".responses",
    ".completion",
    ".embedding",
    ".messages",
    ".image",
    ".generative-ai",
    ".textembedding",
)
_MODEL_PREFIXES = (
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("chatgpt-", "openai"),
    ("text-embedding-3", "openai"),
    ("text-embedding-ada", "openai"),
    ("claude", "anthropic"),
    ("gemini", "google"),
    ("mistral-", "mistral"),
    ("codestral", "mistral"),
    ("command-", "cohere"),
    ("grok-", "xai"),
    ("deepseek-", "deepseek"),
)
_OPEN_WEIGHTS = ("gpt-oss",)  # anybody serves them
# Bedrock's own ids: a maker, often with a region before it, and a dot (`us.anthropic.claude-...`).
_BEDROCK_MODEL: Final = re.compile(
    r"((us|us-gov|eu|apac|jp|au|ca|global)\.)?"
    r"(ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|stability|twelvelabs|writer)\.[a-z]"
)


@lru_cache(maxsize=4096)
def provider_name(name: str) -> str:
    """Return the one name of a provider, "" if the name is that of a framework."""
    name = name.strip().lower()
    if name in _WRAPPERS:
        return ""
    if name in _NAMES:
        return _NAMES[name]
    for endpoint in _ENDPOINTS:
        if name.endswith(endpoint):
            name = name.removesuffix(endpoint)
            return _NAMES.get(name, name)
    return name


@lru_cache(maxsize=4096)
def provider_of_model(model: str) -> str:
    """Return the maker of a well-known model, for dialects that name no provider; "" for any other model."""
    name = model.lower().removeprefix("models/")
    if name.startswith(_OPEN_WEIGHTS):
        return ""
    maker, slash, _ = name.partition("/")
    if slash and maker in {"openai", "anthropic", "google", "gemini", "mistral", "xai", "deepseek", "cohere"}:
        return provider_name(maker)
    if _BEDROCK_MODEL.match(name):
        return "aws.bedrock"
    return next((provider for prefix, provider in _MODEL_PREFIXES if name.startswith(prefix)), "")
