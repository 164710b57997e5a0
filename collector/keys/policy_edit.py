"""Add an ingest key to the policy file: all other text stays byte for byte, and the file is replaced in one step."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from collector.spool.key_files import sync_directory
from schema.policy.file import read_policy_text
from schema.policy.policy import IngestKey, Policy, PolicyError, parse_policy
from schema.policy.yaml_lines import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class NotEditableError(PolicyError):
    """The entry cannot be added to the policy file; a person has to add it."""


class PolicyChangedError(NotEditableError):
    """Another program wrote the policy file between reading and writing."""


class _Place(NamedTuple):
    """Where an entry goes: before `row` (from 0, None is the end of the file), below the lines of `heading`."""

    row: int | None
    indent: int
    heading: tuple[str, ...] = ()


_AT_END = _Place(None, 2, ("ingest_keys:",))


def add_entry(text: str, entry: IngestKey, lines: Sequence[str], path: Path) -> str:
    """Return the text of a policy file with the entry as the last one of `ingest_keys`, and no other change.

    Raises PolicyError if the text is no policy, NotEditableError if the entry cannot be added to it.
    """
    before = parse_policy(text, path)
    edited = _inserted(text, lines, _place(read_yaml(text).root, path))
    after = before.model_copy(update={"ingest_keys": (*before.ingest_keys, entry)})
    if not _describes(edited, after, path):
        raise NotEditableError(f"{path}: the entry cannot be added without a change to other parts")
    return edited


@contextlib.contextmanager
def exclusive_writer(path: Path) -> Iterator[None]:
    """Keep other writers of ours out while the block runs. Raises NotEditableError if the file's folder is missing."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NotEditableError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def replace_policy(path: Path, text: str, before: str) -> None:
    """Replace the file in one step, durably; it keeps its mode and owner.

    Raises PolicyChangedError if its text is not `before`, NotEditableError if the disk refuses.
    """
    target = path.resolve()
    try:
        status = target.stat() if target.exists() else None
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        new = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                if status is not None and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fchmod(file.fileno(), status.st_mode & 0o777 if status else 0o644)
                os.fsync(file.fileno())
            if (read_policy_text(target) if status else "") != before:
                raise PolicyChangedError(f"{path}: was changed meanwhile by another program and is left as it is now")
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
        sync_directory(target.parent)
    except OSError as error:
        raise NotEditableError(f"{path}: cannot be written ({error.strerror})") from None


def _describes(text: str, policy: Policy, path: Path) -> bool:
    try:
        return parse_policy(text, path) == policy
    except PolicyError:
        return False


def _inserted(text: str, lines: Sequence[str], place: _Place) -> str:
    """Return the text with these lines at the place; they end as the text's own lines do."""
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = re.findall(r"[^\n]*\n|[^\n]+", text)
    row = len(rows) if place.row is None else place.row
    if row and not rows[row - 1].endswith("\n"):
        rows[row - 1] += newline
    added = (*place.heading, *(" " * place.indent + line for line in lines))
    rows[row:row] = [line + newline for line in added]
    return "".join(rows)


def _place(root: yaml.Node | None, path: Path) -> _Place:
    """Return where the next entry goes. Raises NotEditableError if the file has no line of its own for it."""
    if root is None:
        return _AT_END
    if not isinstance(root, yaml.MappingNode) or root.flow_style or root.start_mark.column:
        raise NotEditableError(f"{path}: the sections of the file do not each start on a line of their own")
    for key, value in root.value:
        if key.value == "ingest_keys":
            if isinstance(value, yaml.SequenceNode) and not value.flow_style:
                return _Place(_last_row(value) + 1, value.start_mark.column)
            raise NotEditableError(f"{path}:{key.start_mark.line + 1}: ingest_keys is not a list with one entry a line")
    return _AT_END


def _last_row(node: yaml.Node) -> int:
    """Return the row (from 0) of a node's last value; the end of a block node itself is the start of what follows."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_row(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line)
