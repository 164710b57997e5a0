"""Amazon Bedrock's own token counts, which exclude the cache, as two instrumentations pass them on unchanged.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html. What else they write is the
standard's.
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="bedrock",
    scopes=("opentelemetry.instrumentation.bedrock", "opentelemetry.instrumentation.botocore.bedrock"),
    scoped=True,
    columns={"uncached_input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")},
)
