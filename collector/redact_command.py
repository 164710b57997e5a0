"""`spanledger redact`: what redaction does to a text, seen from the outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import typer

from redaction.redactor import build_redactor
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redaction.text import Finding

_LINES_AT_A_TIME = 256  # enough for full batches of the model, few enough for memory


def redact_text(text: str, key: str) -> None:
    """Print the redacted text to standard output and the findings to standard error."""
    redacted = build_redactor().redact(text, key)
    typer.echo(redacted.text, nl=not redacted.text.endswith("\n"))
    for finding in redacted.findings:
        typer.echo(
            f"{finding.entity} at {finding.start}-{finding.end} by {finding.recognizer} ({finding.score:.2f})", err=True
        )
    typer.echo(f"{len(redacted.findings)} findings", err=True)


def redact_lines(source: TextIO, target: TextIO) -> None:
    """Answer each JSON line {"text": str, "key"?: str} with {"redacted": str, "findings": [...]}, in order."""
    redactor = build_redactor()
    for items in _groups(source):
        for redacted in redactor.redact_many(items):
            findings = [_as_json(finding) for finding in redacted.findings]
            target.write(json.dumps({"redacted": redacted.text, "findings": findings}, ensure_ascii=False) + "\n")
        target.flush()


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
