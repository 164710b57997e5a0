"""A new ingest key: random, its entry for the policy file, and the file with that entry and all that people wrote."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from collector.spool.seal import sync_directory
from schema.policy.file import read_policy_text
from schema.policy.policy import IngestKey, Policy, PolicyError, parse_policy
from schema.policy.yaml_lines import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEY_PREFIX: Final = "spl_"
"""What our keys begin with, so that people, scanners of secrets and our own redaction know one."""

_ENTROPY_BYTES: Final = 32
_PLAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./ -]*[A-Za-z0-9])?")


class NotSimpleError(PolicyError):
    """A policy file to which an entry cannot be added without touching what people wrote."""


class PolicyChangedError(NotSimpleError):
    """A policy file that somebody else wrote between the reading and the writing."""


def make_key() -> str:
    """Return a new key: 256 random bits in hexadecimal."""
    return KEY_PREFIX + secrets.token_hex(_ENTROPY_BYTES)


def entry_for(policy: Policy, key: str, name: str, bound: dict[str, str], expires: str) -> IngestKey:
    """Return the entry of a new key, which has the team, environment and limits of other keys of its name.

    `bound` holds the team and the environment where they are given; `expires` is a day, a time or empty. Raises
    PolicyError where they are wrong, or are not those of the other keys.
    """
    fields: dict[str, Any] = {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
    other = next((other for other in policy.ingest_keys if other.name == name), None)
    if other is not None:
        fields = other.model_dump(exclude={"sha256", "not_before", "expires"}) | fields
        for column, value in bound.items():
            if value != getattr(other, column):
                theirs = getattr(other, column) or "not bound"
                raise PolicyError(f"{name} is there already and its {column} is {theirs}: one name is one sender")
    try:
        return IngestKey.model_validate(fields | bound | ({"expires": expires} if expires else {}))
    except ValidationError as error:
        raise PolicyError("; ".join(f"{found['loc'][0]}: {found['msg']}" for found in error.errors())) from None


def entry_lines(entry: IngestKey, expires: str) -> list[str]:
    """Return the entry as lines of YAML; the date stays as it was given."""
    fields = entry.model_dump(exclude={"sha256", "expires"}, exclude_defaults=True)
    lines = [f"{name}: {_scalar(value)}" for name, value in fields.items()]
    lines += [f"expires: {expires}"] if expires else []
    lines += [f'sha256: "{entry.sha256}"']
    return [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]


def with_entry(text: str, entry: IngestKey, lines: Sequence[str], path: Path) -> str:
    """Return the text of a policy file with the entry last under `ingest_keys:`, all else as it was.

    Raises PolicyError where the text is no policy, NotSimpleError where the entry has no obvious place.
    """
    before = parse_policy(text, path)
    row, indent, head = _place(read_yaml(text).root, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = re.findall(r"[^\n]*\n|[^\n]+", text)
    row = len(rows) if row is None else row
    if row and not rows[row - 1].endswith("\n"):
        rows[row - 1] += newline
    rows[row:row] = [added + newline for added in (*head, *(" " * indent + line for line in lines))]
    made = "".join(rows)
    wanted = before.model_copy(update={"ingest_keys": (*before.ingest_keys, entry)})
    try:
        right = parse_policy(made, path) == wanted
    except PolicyError:
        right = False
    if not right:
        raise NotSimpleError(f"{path}: is written in a way that nothing can be added to by itself")
    return made


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the folder of the policy file against other writers of ours. Raises NotSimpleError where there is none."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NotSimpleError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def write_policy(path: Path, text: str, was: str) -> None:
    """Replace the file in one step and for good; it keeps its mode and owner.

    Raises PolicyChangedError where it does not hold the text that it `was`, NotSimpleError where the disk refuses.
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
            if (read_policy_text(target) if status else "") != was:
                raise PolicyChangedError(f"{path}: was changed meanwhile and is left as it is now")
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)
        sync_directory(target.parent)
    except OSError as error:
        raise NotSimpleError(f"{path}: cannot be written ({error.strerror})") from None


def _place(root: yaml.Node | None, path: Path) -> tuple[int | None, int, tuple[str, ...]]:
    """Return before which row (from 0; None is the end) an entry goes, how far it is indented, and what goes first."""
    at_end = (None, 2, ("ingest_keys:",))
    if root is None:
        return at_end
    if isinstance(root, yaml.MappingNode) and not root.flow_style and not root.start_mark.column:
        for key, value in root.value:
            if key.value == "ingest_keys":
                if isinstance(value, yaml.SequenceNode) and not value.flow_style:
                    return _last_row(value) + 1, value.start_mark.column, ()
                raise NotSimpleError(f"{path}:{key.start_mark.line + 1}: ingest_keys is no list with a line an entry")
        return at_end
    raise NotSimpleError(f"{path}: is not a plain list of sections, each beginning its own line")


def _last_row(node: yaml.Node) -> int:
    """Return the row (from 0) in which a node ends; that of a block reaches to what comes after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_row(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line)


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and read_yaml(value).content == value:
        return value
    return json.dumps(value, ensure_ascii=False)
