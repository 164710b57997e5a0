"""The type of a dialect: a table from attribute keys to canonical columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.span import Kind

Keys = tuple[str, ...]

ANY: Final = "*"
"""As a value in `kinds`: any value that is not listed."""


@dataclass(frozen=True)
class Dialect:
    """One dialect. A key that ends in "." stands for every key that starts so (indexed keys).

    `columns`: canonical column: attribute keys, the first that holds something wins. Besides the columns of Span:
        `response_model` and `request_model` (the first wins as `model`), `entity_name` (a tool's or agent's name if
        there is no better one), `product` (the API that was used: the provider, if a model answered and no attribute
        names the provider), `uncached_input_tokens` (input without the cached tokens), `reported_cost` (USD).
    `scoped_columns`: the same from keys that have this meaning only in the dialect's own scopes.
    `kinds`: attribute key: its value in lower case: the kind. A value that is not listed gives no kind,
        unless ANY is listed.
    `failures`: attribute key: values that mean that the span failed.
    `context`: team, workflow, workflow_version, session, user, environment from the dialect's own association keys.
    `named`: the same from names that the framework generates (thread, workflow class): weaker than the resource.
    `metadata`: prefixes and JSON objects in which users put context under free names.
    `usage`: objects that hold token counts. `responses`: content that holds one. `costs`: objects that hold USD,
        their sum under `total` or `total_cost`.
    `input`, `output`: conversations; `both`: one that holds input and output, as a list of events.
    `input_value`, `output_value`: values of any shape. `tool_input`, `tool_output`: arguments and result of a tool.
    `instructions`, `definitions`: system prompt and tools offered, kept apart from the messages.
    `attribute_schema`: JSON schemas; their properties name the attributes that the program itself set on the span.
    `answer`: the three pieces of an answer kept apart: text, reasoning, tool calls.
    `scopes`: instrumentation scopes (prefixes) that use it; with `scoped` its keys have a meaning only there.
    `exceptions_are_errors`: its spans have status OK although an exception ended them.
    """

    name: str
    columns: Mapping[str, Keys] = field(default_factory=dict)
    scoped_columns: Mapping[str, Keys] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    failures: Mapping[str, frozenset[str]] = field(default_factory=dict)
    context: Mapping[str, Keys] = field(default_factory=dict)
    named: Mapping[str, Keys] = field(default_factory=dict)
    metadata: Keys = ()
    usage: Keys = ()
    responses: Keys = ()
    costs: Keys = ()
    input: Keys = ()
    output: Keys = ()
    both: Keys = ()
    input_value: Keys = ()
    output_value: Keys = ()
    tool_input: Keys = ()
    tool_output: Keys = ()
    instructions: Keys = ()
    definitions: Keys = ()
    answer: Keys = ()
    attribute_schema: Keys = ()
    scopes: Keys = ()
    scoped: bool = False
    exceptions_are_errors: bool = False
