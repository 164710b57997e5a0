"""Hold the lock files against known vulnerabilities: `make audit DATABASE=…`.

The database is a folder, a file or a zip archive of advisories in the OSV format (JSON, or YAML as in PyPA's own
collection), so no network is needed. Ends with 0 where nothing is known, 1 with a table, 2 where it cannot tell.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from locked import LockError, Pinned, read_lock
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS = (".json", ".jsonl", ".yaml", ".yml")
_CANNOT_TELL = 2


class DatabaseError(ValueError):
    """The advisories cannot be used; the message names the file."""


class Known(NamedTuple):
    """A vulnerability that a pinned package has."""

    package: str
    version: str
    advisory: str
    aliases: str
    fixed_in: str
    summary: str


def advisories(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every advisory of a database. Raises DatabaseError."""
    count = 0
    for name, text in _texts(path):
        try:
            found = list(_parsed(name, text))
        except (ValueError, yaml.YAMLError, RecursionError):
            raise DatabaseError(f"{name} is no advisory in the OSV format") from None
        for one in found:
            if not isinstance(one, dict) or not isinstance(one.get("id"), str):
                raise DatabaseError(f"{name} is no advisory in the OSV format: it has no id")
            count += 1
            yield one
    if not count:
        raise DatabaseError(f"{path} holds no advisories ({', '.join(_FORMATS)})")


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(_FORMATS):
                        yield f"{path}:{name}", archive.read(name).decode()
        else:
            files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix in _FORMATS)
            for file in files:
                yield str(file), file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise DatabaseError(f"{path} cannot be read ({type(error).__name__})") from None


def _parsed(name: str, text: str) -> Iterator[Any]:
    if name.endswith(".jsonl"):
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
        return
    content = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)
    yield from content if isinstance(content, list) else [content]


def known(pinned: list[Pinned], database: Path, ignored: set[str]) -> list[Known]:
    """Return what is known of the packages, one line for each vulnerability and package. Raises DatabaseError."""
    by_name = {one.name: one for one in pinned}
    found: dict[tuple[str, str], Known] = {}
    for advisory in advisories(database):
        names = {advisory["id"], *advisory.get("aliases", [])}
        if advisory.get("withdrawn") or names & ignored:
            continue
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            one = by_name.get(canonicalize_name(str(package.get("name", ""))))
            # The same vulnerability stands in several collections under several names.
            if package.get("ecosystem") != "PyPI" or one is None or any((one.name, name) in found for name in names):
                continue
            if _has(one.version, affected):
                line = _line(one, advisory, affected)
                found |= dict.fromkeys(((one.name, name) for name in names), line)
    return sorted(set(found.values()))


def _line(one: Pinned, advisory: dict[str, Any], affected: dict[str, Any]) -> Known:
    fixes = {event["fixed"] for each in affected.get("ranges", []) for event in each["events"] if "fixed" in event}
    later = sorted(filter(None, (_version(fix) for fix in fixes)))
    summary = str(advisory.get("summary") or advisory.get("details") or "").split("\n")[0]
    fixed_in = next((str(fix) for fix in later if fix > Version(one.version)), "no release yet")
    aliases = ", ".join(advisory.get("aliases", []))
    return Known(one.name, one.version, advisory["id"], aliases, fixed_in, summary[:80])


def _has(version: str, affected: dict[str, Any]) -> bool:
    """Say whether a version is listed or lies in a range (OSV schema 1.7, "Evaluation"); in doubt it is."""
    ours = Version(version)
    if any(_version(listed) == ours for listed in affected.get("versions", [])):
        return True
    return any(
        _in_range(ours, each.get("events", []))
        for each in affected.get("ranges", [])
        if each.get("type") in {"ECOSYSTEM", "SEMVER"}
    )


def _in_range(ours: Version, events: list[dict[str, str]]) -> bool:
    steps = []
    for event in events:
        ((kind, text),) = event.items()
        at = Version("0.dev0") if text == "0" else _version(text)
        if at is None:
            return True  # an advisory that cannot be compared is looked at by somebody
        steps.append((at, kind != "introduced", kind))
    inside = False
    for at, _, kind in sorted(steps, key=lambda step: (step[0], not step[1])):
        if kind == "introduced":
            inside = inside or ours >= at
        elif kind == "last_affected":
            inside = inside and ours <= at
        else:  # fixed, limit
            inside = inside and ours < at
    return inside


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _table(lines: list[Known]) -> str:
    rows = [tuple(name.replace("_", " ") for name in Known._fields), *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(Known._fields))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main() -> None:
    """Print what is known of the packages of the locks."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("locks", nargs="+", type=Path)
    arguments.add_argument("--database", type=Path, required=True)
    arguments.add_argument("--ignore", action="append", default=[], metavar="ID", help="one that was looked at")
    given = arguments.parse_args()
    try:
        pinned = list({(one.name, one.version): one for lock in given.locks for one in read_lock(lock)}.values())
        lines = known(pinned, given.database, set(given.ignore))
    except (LockError, DatabaseError, OSError) as error:
        sys.stderr.write(f"audit: {error}\n")
        sys.exit(_CANNOT_TELL)
    if lines:
        sys.stdout.write(f"{_table(lines)}\n")
        sys.exit(1)
    sys.stdout.write(f"{len(pinned)} packages, nothing known\n")


if __name__ == "__main__":
    main()
