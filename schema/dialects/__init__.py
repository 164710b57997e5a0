"""Every dialect as a table, in order of precedence for spans that use more than one.

The order is from the specific to the general: a framework's own attributes win over those of a generic instrumentation,
and Spanledger's own convention, written by hand, wins over both.
"""

from __future__ import annotations

from schema.dialects import (
    ag2,
    agent_framework,
    autogen,
    bedrock,
    claude_code,
    crewai,
    google_adk,
    langfuse,
    langsmith,
    litellm,
    mastra,
    mcp,
    mlflow,
    openinference,
    openllmetry,
    otel_genai,
    pydantic_ai,
    spanledger,
    strands,
    task_queues,
    vercel,
)
from schema.dialects.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (
    spanledger.DIALECT,
    claude_code.DIALECT,
    vercel.DIALECT,
    mastra.DIALECT,
    langfuse.DIALECT,
    langsmith.DIALECT,
    mlflow.DIALECT,
    litellm.DIALECT,
    ag2.DIALECT,
    pydantic_ai.DIALECT,
    strands.DIALECT,
    google_adk.DIALECT,
    autogen.DIALECT,
    agent_framework.DIALECT,
    crewai.DIALECT,
    bedrock.DIALECT,
    openinference.DIALECT,
    otel_genai.DIALECT,
    openllmetry.DIALECT,
    mcp.DIALECT,
    task_queues.DIALECT,
)

__all__ = ["DIALECTS", "Dialect"]
