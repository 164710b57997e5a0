"""Hypothesis strategies for attributes of senders: keys with a meaning for us, and values of any type."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from schema.dialects import DIALECTS
from schema.messages import blocks, shapes

KEYS = sorted(
    {
        key + ("0.message.content" if key.endswith(".") else "")
        for dialect in DIALECTS
        for table in (
            *(
                dialect.both,
                dialect.input,
                dialect.output,
                dialect.input_value,
                dialect.output_value,
                dialect.tool_input,
            ),
            *(
                *(
                    dialect.tool_output,
                    dialect.instructions,
                    dialect.definitions,
                    dialect.attribute_schema,
                    dialect.answer,
                ),
                *(dialect.usage, dialect.costs, dialect.metadata, dialect.kinds),
            ),
            *(names for names in (*dialect.columns.values(), *dialect.context.values(), *dialect.named.values())),
        )
        for key in table
    }
)
KINDS = sorted({(key, value) for dialect in DIALECTS for key, values in dialect.kinds.items() for value in values})
SCOPES = ["", *sorted({scope for dialect in DIALECTS for scope in dialect.scopes})]
WORDS = st.sampled_from(
    sorted(
        {
            *(*shapes._INPUT_KEYS, *shapes._OUTPUT_KEYS, *shapes.LANGCHAIN),
            *(*blocks._READERS, *blocks._UNTYPED, *blocks._MEDIA_FRAMES, *blocks._REASONING_KEYS),
            *("role", "parts", "type", "data", "lc", "kwargs", "tool_calls", "tool_call_id", "config", "args"),
        }
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20)
    | WORDS
    | st.just(1)
)
NESTED = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
)


@st.composite
def attribute_values(draw: st.DrawFn) -> object:
    value = draw(NESTED | st.binary(max_size=20))
    how = draw(st.sampled_from(["as it is", "json", "cut json", "repr"]))
    if isinstance(value, bytes) or how == "as it is":
        return value
    written = repr(value) if how == "repr" else json.dumps(value)
    return written[: draw(st.integers(0, len(written)))] if how == "cut json" else written
