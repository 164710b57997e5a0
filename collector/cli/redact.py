"""`spanledger redact`: redacts a text with the rules of the policy, and explains each decision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import typer

from collector.pipeline.rules_from_policy import build_team_redactor
from collector.service.pseudonym_key import load_pseudonym_key
from redaction.teams import Owner
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.settings import Settings
    from redaction.teams import TeamRedactor
    from redaction.text import Decision, Finding

_LINES_AT_A_TIME = 256  # enough for full batches of the model, and small enough for memory


def redact_text(settings: Settings, text: str, key: str, team: str | None) -> None:
    """Print the redacted text to standard output, and the decisions to standard error."""
    explained = _redactor(settings).explain(Text(text, key), Owner(team))
    typer.echo(explained.redacted.text, nl=not explained.redacted.text.endswith("\n"))
    for decision in explained.decisions:
        typer.echo(_sentence(decision), err=True)
    left = sum(bool(decision.reason) for decision in explained.decisions)
    typer.echo(f"{len(explained.redacted.findings)} findings" + (f", {left} left" if left else ""), err=True)


def redact_lines(settings: Settings, source: TextIO, target: TextIO, team: str | None) -> None:
    """Write for each JSON line {"text": str, "key"?: str} a line {"redacted": str, "findings": [...]}, in order."""
    redactor = _redactor(settings)
    for items in _groups(source):
        for redacted in redactor.redact_many(items, [Owner(team)] * len(items)):
            findings = [_as_json(finding) for finding in redacted.findings]
            target.write(json.dumps({"redacted": redacted.text, "findings": findings}, ensure_ascii=False) + "\n")
        target.flush()


def _redactor(settings: Settings) -> TeamRedactor:
    policy = settings.policy()
    return build_team_redactor(policy, load_pseudonym_key(settings, policy))


def _sentence(decision: Decision) -> str:
    finding = decision.finding
    text = f"{finding.entity} at {finding.start}-{finding.end} by {finding.recognizer} ({finding.score:.2f})"
    if decision.context:
        text += f", context: {decision.context}"
    if decision.reason:
        return f"{text}: left ({decision.reason})"
    if decision.action == "drop":
        return f"{text}: the field is dropped"
    return f"{text}: {decision.written}"


def _groups(source: TextIO) -> Iterator[list[Text]]:
    group: list[Text] = []
    for number, line in enumerate(source, 1):
        try:
            content = json.loads(line)
            group.append(Text(content["text"], content.get("key", "")))
        except (ValueError, TypeError, KeyError):
            typer.echo(f'spanledger: line {number} is not {{"text": "…"}}', err=True)
            raise typer.Exit(1) from None
        if len(group) == _LINES_AT_A_TIME:
            yield group
            group = []
    if group:
        yield group


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "start": finding.start,
        "end": finding.end,
        "entity": finding.entity,
        "recognizer": finding.recognizer,
        "score": round(finding.score, 3),
    }
