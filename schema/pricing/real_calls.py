"""The spans of a trace that are real calls: several instrumentations may report one call, and wrappers repeat sums.

Cost and tokens count once, on the innermost span of a call. The same rules serve inside one request and, with all spans
of a trace at hand, the recomputation of runs; a function of the set of spans alone, not of their order.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MODEL_KINDS = frozenset({"llm", "embedding"})
"""Kinds that call a model."""

FRAME_KINDS = frozenset({"agent", "workflow"})
"""Kinds that may carry what the calls below them cost, where no span of these calls does."""

COSTED_KINDS = MODEL_KINDS | FRAME_KINDS
"""Kinds that may carry cost."""


class Call(NamedTuple):
    """The columns of a span that the rules need. All spans belong to one run; times in ns.

    The ids are keys: spans that share an id have different ones (schema/shared_ids.py).
    """

    span_id: str
    parent_span_id: str
    kind: str
    start: int
    duration: int
    scope: str
    known: bool  # names a model or a provider, has token counts, or failed: more than an empty frame
    usage: bool  # has token counts
    response_id: str
    tool_name: str
    tool_call_id: str
    failed: bool = False
    carries: bool = False  # has a cost, or token counts above zero


def model_calls(spans: Iterable[Call], parents: Mapping[str, str]) -> set[str]:
    """Return the span ids of real model calls. `parents`: span id: parent's span id, of every span of the trace.

    A span of a model kind is a real call unless one of these holds:

    - It has no model, provider, tokens or failure.
    - It wraps another one that has usage, or that has as little as itself.
    - It is a call that a second instrumentation reported too: same response id and parent, another scope, overlapping
      time. Failed calls have no response id; of two of these, the time of one has to lie inside the other's.
    - It is a call that one scope recorded twice: same response id, parent, start and end, to the nanosecond.
    """
    models = {span.span_id: span for span in spans if span.kind in MODEL_KINDS and span.known}
    if not _nested(models, parents):
        return set(models) - _reported_twice(models.values())
    above = {key: [models[up] for up in _ancestors(key, parents) if up in models] for key in models}
    wrapping = {up.span_id for key, span in models.items() for up in above[key] if span.usage or not up.usage}
    real = {key: span for key, span in models.items() if key not in wrapping}
    # A wrapper with usage over calls without any is the call; what it wraps is not counted again.
    real = {
        key: span
        for key, span in real.items()
        if span.usage or not any(up.usage and up.span_id in real for up in above[key])
    }
    return set(real) - _reported_twice(real.values())


def counted_frames(spans: Iterable[Call], parents: Mapping[str, str], calls: Collection[str]) -> set[str]:
    """Return the span ids of agents and workflows whose own cost and tokens count: nothing below them carries any.

    `spans` are those of a run, `parents` as for `model_calls`, `calls` its real model calls. A call whose ancestors
    have not all arrived may be below any of them, so none counts beside it.
    """
    carrying = [span for span in spans if span.carries and (span.kind in FRAME_KINDS or span.span_id in calls)]
    frames = {span.span_id for span in carrying if span.kind in FRAME_KINDS}
    if not frames:
        return frames
    for span in carrying:
        above = list(_ancestors(span.span_id, parents))
        if span.kind in MODEL_KINDS and above and above[-1] not in parents:
            return set()
        frames.difference_update(above)
    return frames


def below(frames: Collection[str], calls: Iterable[str], parents: Mapping[str, str]) -> set[str]:
    """Return those of these calls that have one of these spans above them."""
    if not frames:
        return set()
    return {call for call in calls if any(up in frames for up in _ancestors(call, parents))}


def tool_calls(spans: Iterable[Call], parents: Mapping[str, str]) -> set[str]:
    """Return the span ids of executed tool calls: the outermost span of each, one a call id where times overlap."""
    tools = {span.span_id: span for span in spans if span.kind == "tool"}
    executed: list[Call] = []
    for key, span in sorted(tools.items(), key=lambda item: (item[1].start, -item[1].duration, item[0])):
        if any(up in tools and tools[up].tool_name == span.tool_name for up in _ancestors(key, parents)):
            continue
        if any(_same_tool_call(span, other) for other in executed):
            continue
        executed.append(span)
    return {span.span_id for span in executed}


def _same_tool_call(span: Call, other: Call) -> bool:
    if span.tool_name != other.tool_name or span.scope == other.scope or not _overlap(span, other):
        return False
    return span.tool_call_id == other.tool_call_id or not (span.tool_call_id and other.tool_call_id)


def _nested(models: Mapping[str, Call], parents: Mapping[str, str]) -> bool:
    """Tell whether any of these spans is below another of them; usually none is, so it has to be fast."""
    for key in models:
        above = parents.get(key)
        for _ in parents:  # a circle ends too
            if not above:
                break
            if above in models:
                return True
            above = parents.get(above)
    return False


def _reported_twice(calls: Collection[Call]) -> set[str]:
    if len({span.scope for span in calls}) == 1 and len({_instant(span) for span in calls}) == len(calls):
        return set()
    siblings: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for span in calls:
        if span.response_id or span.failed:
            siblings[span.parent_span_id, span.response_id].append(span)
    twice = set()
    for group in siblings.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda span: (not span.usage, span.duration, span.span_id))
        kept: list[Call] = []
        for span in group:
            together = _overlap if span.response_id else _surrounds
            if any(
                together(span, other) if span.scope != other.scope else _instant(span) == _instant(other)
                for other in kept
            ):
                twice.add(span.span_id)
            else:
                kept.append(span)
    return twice


def _instant(span: Call) -> tuple[str, int, int]:
    """Return what two spans of one scope share only if they are one call that a gateway recorded twice."""
    return span.response_id or span.span_id, span.start, span.duration


def _overlap(one: Call, other: Call) -> bool:
    return one.start <= other.start + other.duration and other.start <= one.start + one.duration


def _surrounds(one: Call, other: Call) -> bool:
    return one.start <= other.start and other.start + other.duration <= one.start + one.duration


def _ancestors(span_id: str, parents: Mapping[str, str]) -> Iterator[str]:
    seen = {span_id}
    above = parents.get(span_id)
    while above and above not in seen:
        yield above
        seen.add(above)
        above = parents.get(above)
