"""The documents agree with the code: settings, commands, decisions, links and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.cli.main import app
from collector.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
_IDIOM = re.compile(r"\b(told|whose|nobody|lest|heed)\b", re.IGNORECASE)
"""Words of a private idiom, for which OpenTelemetry, Presidio or the glossary have terms."""


def test_every_setting_has_a_row() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"| `SPANLEDGER_{name.upper()}` |" in settings, name


def test_every_command_has_a_row() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text()
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    groups = [group.typer_instance.info.name for group in app.registered_groups if group.typer_instance]
    assert len(names) > 10
    for name in [*names, *groups]:
        assert f"| `spanledger {name}` |" in commands, name


def test_the_readme_is_short_and_leads_to_every_document() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 90
    for document in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{document.name})" in readme, document.name


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    for file in (ROOT / "docs" / "adr").glob("0*.md"):
        title = file.read_text().splitlines()[0].removeprefix("# ")
        number, _, name = title.partition(": ")
        assert f"- [{number}]({file.name}) {name}" in listed


def test_every_decision_has_a_status_a_date_and_what_would_change_it() -> None:
    for file in (ROOT / "docs" / "adr").glob("0*.md"):
        text = file.read_text()
        assert re.search(r"^Status: \w", text, re.MULTILINE), file.name
        assert re.search(r"^Date: 20\d\d-\d\d-\d\d$", text, re.MULTILINE), file.name
        assert text.count("\n## What would change it\n") == 1, file.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_a_file_and_to_one_of_its_headings(document: Path) -> None:
    for target, heading in _LINK.findall(document.read_text()):
        if not target.startswith("http"):
            linked = document.parent / target if target else document
            assert linked.exists(), target
            assert not heading or heading in _anchors(linked.read_text()), f"{target}#{heading}"


def _anchors(markdown: str) -> set[str]:
    """Return the fragments that GitHub makes of the headings: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_use_the_words_of_the_glossary(document: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert _IDIOM.findall(prose) == []


def test_files_that_the_documents_name_are_there() -> None:
    for document in DOCUMENTS:
        for named in re.findall(
            r"`((?:schema|redaction|collector|dashboard|tests|benchmarks|docs)/[\w./-]+)`", document.read_text()
        ):
            assert (ROOT / named).exists(), f"{document.name} names {named}"


def test_no_lock_names_an_index() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"--(extra-)?index-url|--find-links|https?://", lock.read_text()), lock.name


def test_no_file_is_longer_than_one_reads_in_a_sitting() -> None:
    files = [
        file for folder in ("schema", "redaction", "collector", "dashboard") for file in (ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 50
    assert {
        str(file): len(file.read_text().splitlines()) for file in files if len(file.read_text().splitlines()) > 350
    } == {}
