"""Which model of the public price list a call used, and the one name under which its calls are grouped.

A model is priced by the seller that was called, never by its name at another one: the same open weights cost nothing
on one's own machine and ten times as much at the next seller. Names as sent carry prefixes of SDKs, gateways and
regions, dates and variants; they are taken off only to find the model.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_prices import data_snapshot

from schema.pricing.providers import provider_name, provider_of_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices import types as genai_types


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OWN_MACHINES: Final = _words("""
    vllm hosted_vllm ollama lm_studio lm-studio lmstudio tgi text-generation-inference llama.cpp llamacpp llama-cpp
    llama_cpp llamafile sglang localai local localhost self-hosted self_hosted selfhosted triton tensorrt mlx
    transformers gpt4all jan koboldcpp exllama huggingface_local openllm xinference ray mlc ctransformers foundry_local
""")
"""Providers that sell nothing: programs that serve a model on one's own machine."""

_PATH: Final = re.compile(
    r"^(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?(?:models/|endpoints/|tunedmodels/)", re.IGNORECASE
)
_GATEWAYS: Final = _words("""
    openrouter litellm litellm_proxy portkey helicone vercel gateway ai-gateway requesty unify cloudflare bedrock
    amazon-bedrock converse azure azure_ai vertex_ai vertex google-vertex google-gla google_genai
""")
_REGION: Final = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|ca|sa|me|global)\.(?=[a-z0-9]+\.)")
_BEDROCK_MAKER: Final = re.compile(
    r"^(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|moonshot|openai|qwen|stability|twelvelabs|writer|google|"
    r"minimax|nvidia|zai)\.(?=[a-z])"
)
_ARN: Final = re.compile(r"^arn:aws[\w-]*:bedrock:[^/]*/")
_VARIANT: Final = re.compile(r":(free|online|nitro|floor|exacto|thinking|extended|beta|self-moderated|discounted)$")
_ONLINE: Final = ":online"
_FREE: Final = ":free"
_VERSION: Final = re.compile(
    r"-v\d+(?::\d+)?(?::\d+k)?$|@(?:default|latest|\d{8}|\d{3})$|-latest$|-maas$|-preview-\d\d-\d{4}$"
)
_DATE: Final = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d)$|-(?:0[1-9]|1[0-2])\d\d$|-\d{2}-20\d{2}$")
_MAKERS: Final = _words("""
    openai anthropic google gemini mistralai mistral x-ai xai deepseek cohere meta meta-llama qwen moonshotai z-ai
    zai-org perplexity amazon nvidia microsoft minimax groq together_ai together fireworks_ai fireworks deepinfra
    cerebras novita databricks
""")
_SELLERS: Final = {
    **dict.fromkeys(("azure.ai.openai", "azure.ai.inference", "azure_ai", "azure-ai", "azure_openai"), "azure"),
    **dict.fromkeys(("fireworks_ai", "fireworks-ai"), "fireworks"),
    **dict.fromkeys(("together_ai", "togetherai", "together-ai"), "together"),
}
"""Names of providers that the price list does not know under these."""


class Found(NamedTuple):
    """A model in the public list, and who sells it."""

    provider: genai_types.Provider
    model: genai_types.ModelInfo


def find_model(provider: str, model: str) -> Found | None:
    """Return the model of the public list that this provider sells under this name, None if it is unknown there.

    A call without a provider is priced by the maker of a name that only its maker gives (`gpt-`, `claude-`), or by
    the seller in front of the name (`openai/gpt-4o`). One's own machine sells nothing.
    """
    provider = provider.lower()
    if provider in OWN_MACHINES:
        return None
    if provider and _listed(provider) is not None:
        return _sold_by(provider, model)
    if provider in _GATEWAYS:
        provider = ""
    maker, slash, rest = _without_path(model).partition("/")
    if slash and _listed(_seller(maker)) is not None:  # a gateway that is not in the list, or no provider at all
        return _sold_by(_seller(maker), rest)
    if provider:
        return None
    maker = provider_of_model(model)
    return _sold_by(maker, model) if maker else None


def needs_search_fee(model: str) -> bool:
    """Tell whether the name asks a gateway to search the web for each call, which costs a fee of its own."""
    return model.lower().endswith(_ONLINE)


@lru_cache(maxsize=10_000)  # senders choose the names
def canonical_model(model: str) -> str:
    """Return the one name of a model for grouping: the price list's id where its maker's list has it.

    Else it is the name without what SDKs, gateways, regions and releases add.
    """
    if not model:
        return ""
    name = _bare(model)
    maker = provider_of_model(name)
    found = _sold_by(maker, name) if maker and maker != "aws.bedrock" else None
    return _bare(found.model.id) if found is not None else name


def _bare(model: str) -> str:
    """Return a name in lower case without paths, gateways, makers, regions, variants, versions and dates."""
    name = _without_path(model.strip().lower())
    head, slash, rest = name.partition("/")
    while slash and (head in _GATEWAYS or head in _MAKERS):
        name = rest
        head, slash, rest = name.partition("/")
    name = _VARIANT.sub("", _BEDROCK_MAKER.sub("", _REGION.sub("", name)))
    before = None
    while before != name:
        before = name
        name = _DATE.sub("", _VERSION.sub("", name))
    return name or model


def _without_path(model: str) -> str:
    return _PATH.sub("", _ARN.sub("", model))


def _seller(name: str) -> str:
    name = name.lower()
    return provider_name(name) or name


def _listed(provider: str) -> genai_types.Provider | None:
    provider = _SELLERS.get(provider, provider)
    if not provider or provider == "litellm":
        return None
    return data_snapshot.find_provider_by_id(data_snapshot.get_snapshot().providers, provider)


def _sold_by(provider: str, model: str) -> Found | None:
    """Return the model in one seller's list: under its name as sent, else without prefixes and variants."""
    seller = _listed(provider)
    if seller is None:
        return None
    everyone = data_snapshot.get_snapshot().providers
    models = (seller.find_model(name, all_providers=everyone) for name in _names(model))
    found = next((each for each in models if each is not None), None)
    return None if found is None else Found(seller, found)


def _names(model: str) -> Iterator[str]:
    """Yield the names to look for, as sent first; then without path, gateway, maker, variant and region.

    A free variant stands for no other one: its price is only its own.
    """
    yield model
    name = _without_path(model)
    while True:
        yield name
        lower = name.lower()
        if not lower.endswith(_FREE):
            plain = _VARIANT.sub("", lower)
            yield plain
            yield _REGION.sub("", plain)
        head, slash, name = name.partition("/")
        if not slash or (head.lower() not in _GATEWAYS and head.lower() not in _MAKERS):
            return
