"""What stays in `attributes`: everything that no column and no chosen content holds, once, and nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from otlp_requests import key_values, span_with

from schema.messages.leftover import leftover
from schema.normalise.content import Chosen, choose
from schema.normalise.plan import plans_for
from schema.normalise.reading import read
from schema.normalise.unmapped import unmapped_values
from schema.policy.policy import AttributeKeys
from schema.span import Span

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain

TOOL: dict[str, object] = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "lookup",
    "gen_ai.tool.call.arguments": '{"order": 7}',
    "gen_ai.tool.call.result": "sent",
    "retries": 3,
    "flag": False,
    "empty": "",
}


def test_values_of_columns_and_of_chosen_content_go_and_the_reading_stays_as_it_was() -> None:
    reading = read(key_values(TOOL), plans_for(AttributeKeys(), ()))
    before = dict(reading.values)
    incoming = choose("tool", reading.plan.input, reading.values, [], role="user")
    outgoing = choose("tool", reading.plan.output, reading.values, [], role="assistant")
    left = unmapped_values(Span(tool_name="lookup"), reading, incoming, outgoing)
    assert left == {"gen_ai.operation.name": "execute_tool", "retries": 3, "flag": False}
    assert unmapped_values(Span(), reading, Chosen(), Chosen()) == before
    assert reading.values == before


def test_attributes_are_texts_and_empty_ones_stay_empty() -> None:
    span = span_with(TOOL)
    assert span.attributes == {"gen_ai.operation.name": "execute_tool", "retries": "3", "flag": "false", "empty": ""}
    assert list(span.attributes)[-1] == "empty"


def test_a_leftover_is_what_is_not_stored_yet() -> None:
    known = {"stored", ("flag", True)}
    value: Plain = {"text": "stored", "more": ["stored", "new", None, True], "count": 3, "inside": '{"a": "stored"}'}
    assert leftover(value, known) == {"more": ["new", True], "count": 3}
    assert leftover({"flag": True, "a": {"flag": True, "other": True}}, known) == {"a": {"other": True}}
    assert leftover(json.dumps(["stored"]), known) is None
    assert leftover("stored", known) is None
    assert leftover("other", known) == "other"
