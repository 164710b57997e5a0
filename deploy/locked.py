"""The packages that a lock file pins: names, versions, hashes, and which package wants which."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")
_WANTED_BY: Final = re.compile(r"#\s+(?:via\s+)?([A-Za-z0-9][\w.-]*)(?:\s+\(.*\))?")


class LockError(ValueError):
    """A lock file cannot be used; the message names file and line."""


@dataclass
class Pinned:
    """One package of a lock: `wanted_by` are the names of the packages that need it."""

    name: str
    version: str
    marker: str
    hashes: list[str] = field(default_factory=list)
    wanted_by: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """The package URL (github.com/package-url/purl-spec, type pypi)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(path: Path) -> list[Pinned]:
    """Return the packages in the order of the file. Raises LockError for a line that pins nothing exactly."""
    found: list[Pinned] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.rstrip("\\ ").strip()
        if text.startswith("--hash") and found:
            found[-1].hashes += _HASH.findall(text)
        elif text.startswith("#"):
            wanted_by = _WANTED_BY.fullmatch(text)
            if found and line.startswith(" ") and wanted_by and wanted_by[1] != "via":
                found[-1].wanted_by.append(canonicalize_name(wanted_by[1]))
        elif text:
            found.append(_pinned(text, f"{path}:{number}"))
    return found


def _pinned(text: str, where: str) -> Pinned:
    try:
        requirement = Requirement(_HASH.sub("", text).strip())
    except InvalidRequirement:
        raise LockError(f"{where}: is no requirement: write NAME==VERSION") from None
    exact = [one.version for one in requirement.specifier if one.operator == "==" and "*" not in one.version]
    if len(requirement.specifier) != 1 or not exact:
        raise LockError(f"{where}: {requirement.name} is not pinned: write NAME==VERSION")
    return Pinned(canonicalize_name(requirement.name), exact[0], str(requirement.marker or ""), _HASH.findall(text))
