"""The documents agree with the code: settings, commands, decisions, links and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.cli.main import app
from collector.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in Settings.model_fields:
        assert f"| `SPANLEDGER_{name.upper()}` |" in readme, name


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__name__ in readme


def test_every_decision_is_in_the_list() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    for file in (ROOT / "docs" / "adr").glob("0*.md"):
        title = file.read_text().splitlines()[0].removeprefix("# ")
        number, _, name = title.partition(": ")
        assert f"- [{number}]({file.name}) {name}" in listed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


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
