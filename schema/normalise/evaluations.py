"""Verdicts of evaluators about a run: success, failure, or none that we can read.

Two conventions name results. OpenTelemetry GenAI has the event `gen_ai.evaluation.result`, which is a log record or a
span event, and some senders write its attributes on a span
(https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-events.md). OpenInference
numbers results on the span that they judge
(https://github.com/Arize-ai/openinference/blob/main/spec/annotations.md). Langfuse sends scores over an API of its own,
never over OTLP, so there is nothing to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from schema.otlp.attributes import parse, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schema.otlp.attributes import Plain
    from schema.otlp.events import Events

EVENT: Final = "gen_ai.evaluation.result"
"""Name of the log record, or of the span event, that holds one result."""

SUCCESS: Final = "success"
FAILURE: Final = "failure"

# The reviewed vocabulary: labels that mean the same whatever was judged ...
_LABELS: Final = {
    **dict.fromkeys(("pass", "passed", "success", "succeeded", "successful", "correct", "acceptable"), SUCCESS),
    **dict.fromkeys(("fail", "failed", "failure", "incorrect", "wrong", "unacceptable"), FAILURE),
}
# ... and answers, which give no verdict where the question is whether something went wrong.
_ANSWERS: Final = {
    **dict.fromkeys(("true", "yes"), SUCCESS),
    **dict.fromkeys(("false", "no"), FAILURE),
}
_ASKS_FOR_A_FAULT: Final = re.compile(
    r"hallucinat|toxic|bias|harm|unsafe|violen|hate|sexual|self.?harm|profan|insult|leak|jailbreak|injection|attack"
    r"|violat|refus|error|fail|fabricat|contradict|drift|risk|vulnerab|pii|duplicat|redundan|irrelevan|incorrect",
    re.IGNORECASE,
)
_PREFIXES: Final = tuple(
    f"{scope}{plural}.{{index}}.{single}."
    for scope in ("", "trace.")  # a result about the session is not about this run
    for plural, single in (("annotations", "annotation"), ("evaluations", "evaluation"))
)
_FIRST: Final = tuple((f"{prefix.format(index=0)}name", prefix) for prefix in _PREFIXES)
RESULT_KEYS: Final = frozenset({"gen_ai.evaluation.name", *(key for key, _ in _FIRST)})
"""Attributes of a span: without one of these it holds no result, but its events may."""


def verdict(name: str, label: str, score: str) -> str:
    """Return "success" or "failure" as this result has it, "" if it has neither.

    The label is the evaluator's own reading of its score, so a score counts only where there is no label, and only 0,
    1, false and true: other scales are not known, and unknown is never guessed.
    """
    plain_label = label.strip().lower()
    if plain_label in _LABELS:
        return _LABELS[plain_label]
    if _ASKS_FOR_A_FAULT.search(name):
        return ""
    return _ANSWERS.get(plain_label, "") if plain_label else _of_score(score)


def judged(attributes: Mapping[str, Plain], events: Events) -> str:
    """Return the combined verdict of the results on a span, "" if there are none."""
    verdicts = []
    if "gen_ai.evaluation.name" in attributes:
        verdicts.append(of_result(attributes))
    for key, prefix in _FIRST:
        if key in attributes:
            verdicts += _numbered(attributes, prefix)
    for event in events.stored:
        if event["name"] == EVENT:
            verdicts.append(of_result(event["attributes"]))
    return combined(verdicts) if verdicts else ""


def of_result(attributes: Any) -> str:  # noqa: ANN401 - attributes of a span, an event or a record, as text or not
    """Return the verdict of one `gen_ai.evaluation.result`."""
    name, label, score = (
        text(attributes.get(f"gen_ai.evaluation.{key}")) for key in ("name", "score.label", "score.value")
    )
    return verdict(name, label, score)


def of_record(attributes: Mapping[str, str], body: str) -> str:
    """Return the verdict of a log record `gen_ai.evaluation.result`; older senders keep its fields in the body."""
    inside = parse(body)
    return of_result((inside if isinstance(inside, dict) else {}) | dict(attributes))


def combined(verdicts: Iterable[str]) -> str:
    """Return the verdict of several results together: one failure is a failure."""
    distinct = set(verdicts)
    return FAILURE if FAILURE in distinct else SUCCESS if SUCCESS in distinct else ""


def _numbered(attributes: Mapping[str, Plain], prefix: str) -> Iterator[str]:
    index = 0
    while (name := attributes.get(f"{prefix.format(index=index)}name")) is not None:
        here = prefix.format(index=index)
        yield verdict(text(name), text(attributes.get(f"{here}label")), text(attributes.get(f"{here}score")))
        index += 1


def _of_score(score: str) -> str:
    if score.strip().lower() in {"true", "false"}:
        return _ANSWERS[score.strip().lower()]
    try:
        return {0.0: FAILURE, 1.0: SUCCESS}.get(float(score), "")
    except ValueError:
        return ""
