"""LiteLLM's otel callback: https://docs.litellm.ai/docs/observability/opentelemetry_integration.

Its span `raw_gen_ai_request` repeats the call under `llm.<provider>.*`: those keys are left alone, so it is no call.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="litellm",
    scopes=("litellm",),
    columns={
        "provider": ("error.llm_provider",),
    },
    context={
        "team": ("metadata.user_api_key_team_alias", "metadata.user_api_key_team_id"),
        "user": ("metadata.user_api_key_end_user_id",),
    },
    usage=("metadata.usage_object",),
)
