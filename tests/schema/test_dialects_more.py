"""What other frameworks than those of the real exports in tests/data write: attributes as each wrote them, trimmed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from otlp_requests import span_with, spans_of

from schema.pricing.usage import Usage

if TYPE_CHECKING:
    from schema.span import Span

CALL = {"type": "tool_call", "id": "call_1", "name": "order_status", "arguments": {"order_id": "ORD-77193"}}
ANSWER = "The refund goes back to card."
PARAMETERS = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
FUNCTION = {"name": "order_status", "description": "Status", "parameters": PARAMETERS}


def parts(content: str) -> list[Any]:
    return [part for message in json.loads(content) for part in message["parts"]]


def roles(content: str) -> list[str]:
    return [message["role"] for message in json.loads(content)]


def tokens(span: Span) -> Usage:
    return Usage(
        span.input_tokens, span.output_tokens, span.cached_input_tokens, span.cache_write_tokens, span.reasoning_tokens
    )


# --- Pydantic AI 1, whose messages are events in one attribute -------------------------------------------------------

EVENTS = [
    {"role": "system", "content": "Be brief.", "gen_ai.message.index": 0, "event.name": "gen_ai.system.message"},
    {"role": "user", "content": "Refund it", "gen_ai.message.index": 0, "event.name": "gen_ai.user.message"},
    {
        "role": "assistant",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "order_status", "arguments": '{"order_id": "ORD-77193"}'},
            }
        ],
        "gen_ai.message.index": 1,
        "event.name": "gen_ai.assistant.message",
    },
    {
        "role": "tool",
        "id": "call_1",
        "name": "order_status",
        "content": "delivered",
        "gen_ai.message.index": 2,
        "event.name": "gen_ai.tool.message",
    },
    {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "event.name": "gen_ai.choice"},
]
PYDANTIC_CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "events": json.dumps(EVENTS),
    "gen_ai.usage.input_tokens": 1180,
    "gen_ai.usage.output_tokens": 110,
}


def test_events_in_an_attribute_are_what_went_in_and_what_came_out() -> None:
    span = span_with(PYDANTIC_CALL, scope="pydantic-ai")
    assert roles(span.input) == ["system", "user", "assistant", "tool"]
    result = {"type": "tool_result", "id": "call_1", "name": "order_status", "content": "delivered"}
    assert parts(span.input)[2:] == [CALL, result]
    assert json.loads(span.output) == [{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}]}]
    assert ANSWER not in span.attributes.get("events", "")
    assert "Refund it" not in span.attributes.get("events", "")


def test_events_mean_nothing_elsewhere() -> None:
    span = span_with(PYDANTIC_CALL, scope="my-app")
    assert (span.input, span.output) == ("", "")
    assert json.loads(span.attributes["events"]) == EVENTS


# --- content ---------------------------------------------------------------------------------------------------------


def test_a_call_told_as_content_and_as_call_is_one() -> None:
    message = "llm.output_messages.0.message."
    call = {"id": "call_1", "function.name": "order_status", "function.arguments": '{"order_id": "ORD-77193"}'}
    content = {
        f"{message}role": "assistant",
        f"{message}contents.0.message_content.type": "reasoning",
        f"{message}contents.0.message_content.text": "The order is known.",
        f"{message}contents.1.message_content.type": "tool_use",
        **{f"{message}contents.1.tool_call.{name}": value for name, value in call.items()},
    }
    calls = {f"{message}tool_calls.0.tool_call.{name}": value for name, value in call.items()}
    reasoning = {"type": "reasoning", "content": "The order is known."}
    for attributes in ({**content, **calls}, content):
        span = span_with({"openinference.span.kind": "LLM", **attributes})
        assert parts(span.output) == [reasoning, CALL]


def test_tools_offered_as_messages_of_a_tool_are_definitions() -> None:
    given = [
        {"role": "user", "content": "Refund it"},
        {"role": "tool", "content": {"type": "function", "function": FUNCTION}},
    ]
    attributes = {"langfuse.observation.type": "generation", "langfuse.observation.input": json.dumps(given)}
    assert parts(span_with(attributes, scope="langfuse-sdk").input)[1:] == [{"type": "tool_definition", **FUNCTION}]


def test_crewai_speaks_of_crews_tasks_and_agents() -> None:
    scope = "opentelemetry.instrumentation.crewai.instrumentation"
    operation = {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "crewai"}
    crew, task, agent = spans_of(
        {
            "scope": scope,
            "attributes": {
                **operation,
                "crewai.crew.process": "Process.sequential",
                "crewai.crew.name": "refund-crew",
                "crewai.crew.result": ANSWER,
            },
        },
        {
            "scope": scope,
            "parent": 1,
            "attributes": {
                **operation,
                "traceloop.span.kind": "task",
                "crewai.task.description": "Refund it",
                "traceloop.entity.output": ANSWER,
            },
        },
        {
            "scope": scope,
            "parent": 2,
            "attributes": {**operation, "traceloop.span.kind": "agent", "gen_ai.agent.name": "Refund agent"},
        },
    )
    assert [span.kind for span in (crew, task, agent)] == ["workflow", "workflow", "agent"]
    assert [span.workflow for span in (crew, task, agent)] == ["refund-crew"] * 3
    assert (crew.output, task.input, task.output, agent.agent_name) == (ANSWER, "Refund it", ANSWER, "Refund agent")


# --- Mastra, Microsoft Agent Framework, MLflow with the standard's names ---------------------------------------------


def test_mastra_says_agent_call_and_tool_in_its_own_words() -> None:
    given = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Refund it"}]}]}
    agent, call, step, tool = spans_of(
        {
            "scope": "@mastra/otel",
            "attributes": {
                "gen_ai.operation.name": "agent.run",
                "mastra.span.type": "agent_run",
                "input": "Refund it",
                "agent.id": "refund_agent",
                "userId": "user-881",
                "sessionId": "sess-42",
            },
        },
        {
            "scope": "@mastra/otel",
            "parent": 1,
            "attributes": {
                "gen_ai.operation.name": "chat",
                "mastra.span.type": "model_generation",
                "input": json.dumps(given),
                "gen_ai.prompt": json.dumps(given),
                "output": json.dumps({"files": [], "reasoning": [], "text": ANSWER, "warnings": []}),
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.system": "openai.chat",
                "gen_ai.usage.input_tokens": 3287,
                "gen_ai.usage.output_tokens": 529,
                "gen_ai.usage.cached_input_tokens": 941,
            },
        },
        {"scope": "@mastra/otel", "parent": 2, "attributes": {"mastra.span.type": "model_step"}},
        {
            "scope": "@mastra/otel",
            "parent": 3,
            "status": 2,
            "attributes": {
                "mastra.span.type": "tool_call",
                "gen_ai.tool.name": "order_status",
                "input": '{"order_id":"ORD-77193"}',
                "error.message": "warehouse is down",
            },
        },
    )
    assert [span.kind for span in (agent, call, step, tool)] == ["agent", "llm", "workflow", "tool"]
    assert {(span.user_id, span.session_id) for span in (agent, call, step, tool)} == {("user-881", "sess-42")}
    assert (agent.agent_name, agent.input) == ("refund_agent", "Refund it")
    assert tokens(call) == Usage(3287, 529, 941, None, None)
    assert (parts(call.input), parts(call.output)) == (
        [{"type": "text", "content": "Refund it"}],
        [{"type": "text", "content": ANSWER}],
    )
    assert "gen_ai.prompt" not in call.attributes
    assert (tool.tool_name, tool.input, tool.status_message) == (
        "order_status",
        '{"order_id":"ORD-77193"}',
        "warehouse is down",
    )


def test_mastra_tells_a_failure_as_the_reason_to_finish() -> None:
    attributes = {"mastra.span.type": "model_generation", "gen_ai.response.finish_reasons": "error"}
    assert span_with(attributes, scope="@mastra/otel", status=1).status == "error"


def test_a_result_with_tool_calls_is_an_answer() -> None:
    call = {"toolCallId": "call_1", "toolName": "order_status", "args": {"order_id": "ORD-77193"}}
    result = {"text": "", "reasoningText": "The order is known.", "toolCalls": [call]}
    attributes = {"mastra.span.type": "model_generation", "output": json.dumps(result)}
    reasoning = {"type": "reasoning", "content": "The order is known."}
    assert parts(span_with(attributes, scope="@mastra/otel").output) == [reasoning, CALL]


def test_the_spans_of_an_agent_frameworks_workflow_are_its_frame() -> None:
    run, executor = spans_of(
        {"scope": "agent_framework", "attributes": {"workflow.id": "0b79", "workflow.name": "Sequential"}},
        {"scope": "agent_framework", "parent": 1, "attributes": {"executor.id": "first"}},
    )
    assert [(span.kind, span.workflow) for span in (run, executor)] == [("workflow", "Sequential")] * 2
    assert span_with({"workflow.id": "0b79"}).kind == "other"


@pytest.mark.parametrize(
    ("operation", "kind"), [("RETRIEVER", "retrieval"), ("CHAIN", "workflow"), ("UNKNOWN", "other")]
)
def test_mlflow_has_own_words_for_operations_that_the_standard_lacks(operation: str, kind: str) -> None:
    assert span_with({"gen_ai.operation.name": operation}, scope="mlflow.tracing.provider").kind == kind
