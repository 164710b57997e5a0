"""AutoGen 0.4 and later: OpenTelemetry GenAI on agents and tools, between messaging spans of its runtime.

A messaging span is neither call nor agent; its `message` passes through the runtime and stays an attribute.

https://microsoft.github.io/autogen/stable/user-guide/core-user-guide/framework/telemetry.html
"""

from __future__ import annotations

from schema.dialects.dialect import Dialect

DIALECT = Dialect(
    name="autogen",
    scopes=("autogen", "autogen-core"),
)
