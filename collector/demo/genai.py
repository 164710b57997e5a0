"""Records sample runs in OpenTelemetry's semantic conventions for generative AI."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from collector.demo.recorder import Recorder
from collector.demo.trace import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.demo.conversation import Conversation, Message, ToolCall
    from collector.demo.trace import Value


class GenAI(Recorder):
    """https://github.com/open-telemetry/semantic-conventions-genai."""

    @contextmanager
    def agent(self, name: str, question: str) -> Iterator[Span]:
        """Record an agent that works on a question."""
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "gen_ai.conversation.id": self.session,
            "user.id": self.user,
            "gen_ai.input.messages": _text([("user", question)]),
        }
        with self.trace.span(f"invoke_agent {name}", attributes) as span:
            yield span

    def answered(self, agent: Span, answer: str) -> None:
        """Record the answer of an agent."""
        describe(agent, {"gen_ai.output.messages": _text([("assistant", answer)])})

    def call(self, talk: Conversation, answer: Message) -> None:
        """Record a model call with this answer, and add the answer to the conversation."""
        usage = talk.usage(answer)
        with self.trace.span(f"chat {talk.model.name}", _request(talk), client=True) as span:
            self.pause(talk, usage.output)
            attributes: dict[str, Value] = {
                "gen_ai.response.model": talk.model.name,
                "gen_ai.response.id": f"msg_{secrets.token_hex(8)}",
                "gen_ai.response.finish_reasons": ["tool_calls" if answer.calls else "stop"],
                "gen_ai.output.messages": json.dumps([_written(answer)]),
                "gen_ai.usage.input_tokens": usage.input,
                "gen_ai.usage.output_tokens": usage.output,
            }
            if usage.cached:
                attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cached
            describe(span, attributes)
        talk.messages.append(answer)

    def broken_call(self, talk: Conversation, error_type: str, message: str) -> None:
        """Record a model call that the provider refused."""
        with self.trace.span(f"chat {talk.model.name}", _request(talk), client=True) as span:
            self.trace.wait(900)
            self.trace.fail(span, error_type, message)

    @contextmanager
    def tool(self, call: ToolCall) -> Iterator[Span]:
        """Record the call of a tool."""
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call.id,
            "gen_ai.tool.call.arguments": json.dumps(call.arguments),
        }
        with self.trace.span(f"execute_tool {call.name}", attributes) as span:
            yield span

    def returned(self, tool: Span, result: str) -> None:
        """Record the result of a tool."""
        describe(tool, {"gen_ai.tool.call.result": result})

    def retrieval(self, source: str, query: str, documents: Sequence[str]) -> None:
        """Record a search for documents."""
        contents = [{"id": f"{source}-{number}", "content": text} for number, text in enumerate(documents, 1)]
        attributes = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": source,
            "gen_ai.retrieval.query.text": query,
            "gen_ai.retrieval.documents": json.dumps(contents),
        }
        with self.trace.span(f"retrieval {source}", attributes, client=True):
            self.trace.wait(120)


def _request(talk: Conversation) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": talk.model.provider,
        "gen_ai.request.model": talk.model.name,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": talk.instructions}]),
        "gen_ai.input.messages": json.dumps([_written(message) for message in talk.messages]),
    }


def _written(message: Message) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments} for call in message.calls
    ]
    if message.answers:
        parts.append({"type": "tool_call_response", "id": message.answers.id, "response": message.text})
    elif message.text:
        parts.append({"type": "text", "content": message.text})
    return {"role": message.role, "parts": parts}


def _text(messages: Sequence[tuple[str, str]]) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in messages])
