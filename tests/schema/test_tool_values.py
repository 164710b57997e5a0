"""Arguments and results of tools come without the frames around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from schema.messages.tool_values import result_text, unwrapped_arguments, unwrapped_result

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain

ORDER = {"order": 7}


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        ("", ""),
        ('plain text with "kwargs"', 'plain text with "kwargs"'),
        (json.dumps(ORDER), json.dumps(ORDER)),
        (json.dumps({"args": [], "kwargs": ORDER}), '{"order":7}'),
        (json.dumps({"args": [1], "kwargs": ORDER}), json.dumps({"args": [1], "kwargs": ORDER})),
        (json.dumps({"kwargs": ORDER, "other": 1}), json.dumps({"kwargs": ORDER, "other": 1})),
        (json.dumps({"kwargs": ORDER, "sanitize_inputs_outputs": True}), '{"order":7}'),
        ("{'kwargs': {'order': 7}, 'args': ()}", '{"order":7}'),
        (json.dumps({"input_str": "{'order': 7}"}), '{"order":7}'),
        (json.dumps({"input_str": "x", "inputs": ORDER}), '{"order":7}'),
        (json.dumps({"input_str": ""}), json.dumps({"input_str": ""})),
    ],
)
def test_arguments_have_no_frame(raw: str, arguments: str) -> None:
    assert unwrapped_arguments(raw) == arguments


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"lc": 1, "kwargs": {"content": "sent"}}, "sent"),
        ({"type": "tool", "content": "sent"}, "sent"),
        ({"type": "tool", "data": {"content": [{"text": "a"}, {"text": "b"}]}}, "a\nb"),
        ({"output": "sent"}, "sent"),
        ({"output": ORDER}, '{"order":7}'),
        ({"output": {"type": "tool", "content": "sent"}, "id": 1}, "sent"),
        ([{"type": "text", "text": "a"}, {"text": "b"}], "a\nb"),
        ([], ""),
        ([{"text": 1}], ""),
        (ORDER, ""),
        ("sent", ""),
        (None, ""),
    ],
)
def test_a_result_is_the_text_of_its_message(value: Plain, text: str) -> None:
    assert result_text(value) == text
    if isinstance(value, (dict, list)):
        raw = json.dumps(value)
        assert unwrapped_result(raw) == (text or raw)
