"""The typed columns of a span, from its attributes, status and events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schema.normalise.evaluations import judged
from schema.normalise.usage import fill_usage
from schema.otlp.attributes import scalar, text
from schema.otlp.events import is_interrupt
from schema.pricing.models import canonical_model
from schema.pricing.providers import provider_name, provider_of_model
from schema.pricing.real_calls import COSTED_KINDS, MODEL_KINDS

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Status as OtlpStatus

    from schema.normalise.reading import Reading
    from schema.otlp.events import Events
    from schema.span import Kind, Span, Status

_STATUS: dict[int, Status] = {1: "ok", 2: "error"}
_UNKNOWN = frozenset({"unknown", "<not specified>", "none", "null", ""})
_APPROVALS = {
    "accept": "approved",
    "accepted": "approved",
    "approve": "approved",
    "reject": "rejected",
    "deny": "rejected",
    "denied": "rejected",
}
_PRIVATE = re.compile(r"(^|\.)_(?!_)[^.]*$")
_CLASS = re.compile(r"^<class '(.*)'>$")  # Semantic Kernel writes the class as Python shows it
_HANDOFF = "handoff to "  # OpenInference reports the hand-off between agents as a tool


def fill_columns(
    span: Span, status: OtlpStatus, reading: Reading, events: Events, *, exceptions_are_errors: bool
) -> None:
    """Fill every typed column but content, context and cost."""
    values = reading.values
    for column, key in reading.plan.texts:
        value = values[key]
        if type(value) is not str or value[0] == '"':
            value = scalar(value)
        if value.lower() not in _UNKNOWN:
            setattr(span, column, value)
    if span.approval_status:
        span.approval_status = _APPROVALS.get(span.approval_status, span.approval_status)
    if reading.plan.evaluated or events.stored:
        span.evaluation = judged(values, events)
    _fill_model(span, reading)
    span.kind = _kind(span, reading)
    _fill_names(span, reading)
    _fill_status(span, status, reading, events, exceptions_are_errors=exceptions_are_errors)
    if span.kind in COSTED_KINDS:
        fill_usage(span, reading)
    if span.kind not in MODEL_KINDS:
        span.response_id = ""


def _fill_model(span: Span, reading: Reading) -> None:
    for column in ("response_model", "request_model"):
        if column in reading.plan.columns:
            model = scalar(reading.best(column))
            if model.lower() not in _UNKNOWN:
                span.model = model
                span.canonical_model = canonical_model(model)
                break
    if "provider" in reading.plan.columns:
        span.provider = provider_name(scalar(reading.best("provider")))
    if not span.provider and span.model:
        product = reading.best("product")
        span.provider = provider_name(scalar(product)) if product else ""
        span.provider = span.provider or provider_of_model(span.model)


def _kind(span: Span, reading: Reading) -> Kind:
    kind = reading.kind
    if not kind:
        # No attribute names a kind: a span with a model and its token counts is a model call.
        counted = "input_tokens" in reading.plan.columns and "output_tokens" in reading.plan.columns
        return "llm" if span.model and counted and not reading.has_kind else "other"
    if kind == "tool" and not span.tool_name and span.name.startswith(_HANDOFF):
        return "agent"
    if kind == "llm" and _PRIVATE.search(span.name):
        return "other"  # LlamaIndex traces private steps (`_prepare_chat_with_tools`) as if they were calls
    return kind  # type: ignore[return-value]


def _fill_names(span: Span, reading: Reading) -> None:
    if span.kind == "tool":
        if not span.tool_name:
            span.tool_name = scalar(reading.best("entity_name")) or span.name.removesuffix(".__call__")
        if span.tool_name.startswith("mcp__"):  # Claude Code: mcp__<server>__<tool>
            span.tool_name = span.tool_name.rpartition("__")[2] or span.tool_name
    elif span.kind == "agent" and not span.agent_name:
        span.agent_name = scalar(reading.best("entity_name"))


def _fill_status(
    span: Span, status: OtlpStatus, reading: Reading, events: Events, *, exceptions_are_errors: bool
) -> None:
    span.status = _STATUS.get(status.code, "unset")
    span.status_message = status.message
    if not span.status_message and "status_message" in reading.plan.columns:
        span.status_message = text(reading.best("status_message"))
    if events.interrupt or (span.error_type and is_interrupt(span.error_type)):
        span.status = "ok" if span.status == "error" else span.status
        span.approval_status = span.approval_status or "requested"
        span.error_type = ""
        return
    if reading.failed or (exceptions_are_errors and events.exception_type):
        span.status = "error"
    elif span.error_type and span.status == "unset":
        span.status = "error"  # an error type means failure; AG2 sends no other sign of it
    if span.status == "error":
        span.error_type = _CLASS.sub(r"\1", span.error_type) or events.exception_type
        span.status_message = span.status_message or events.exception_message
