"""A new ingest key: random, and its entry for the policy file."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from schema.policy.policy import IngestKey, PolicyError

if TYPE_CHECKING:
    from schema.policy.policy import Policy

KEY_PREFIX: Final = "spl_"
"""The start of every key, by which people, secret scanners and our own redaction recognize one."""

_ENTROPY_BYTES: Final = 32
_NO_FOLD: Final = 1 << 20  # characters of a line: more than any value has, so that each field is one line


def make_key() -> str:
    """Return a new key: 256 random bits in hexadecimal."""
    return KEY_PREFIX + secrets.token_hex(_ENTROPY_BYTES)


def entry_for(policy: Policy, key: str, name: str, columns: dict[str, str], expires: str) -> IngestKey:
    """Return the entry of a new key. It has the team, environment and limits of other keys of the same name.

    `columns` may set the team and the environment; `expires` is a day, a time or empty. Raises PolicyError where one
    of them is invalid, or where another key of this name has a different team or environment.
    """
    fields: dict[str, Any] = {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
    other = next((other for other in policy.ingest_keys if other.name == name), None)
    if other is not None:
        fields = other.model_dump(exclude={"sha256", "not_before", "expires"}) | fields
        for column, value in columns.items():
            if value != getattr(other, column):
                raise PolicyError(
                    f"{name} has a key already, and its {column} is {getattr(other, column) or 'not set'}:"
                    f" keys of one name share one {column}"
                )
    try:
        return IngestKey.model_validate(fields | columns | ({"expires": expires} if expires else {}))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        raise PolicyError("; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in problems)) from None


def entry_lines(entry: IngestKey, expires: str) -> list[str]:
    """Return the entry as lines of YAML, one a field; `expires` stays as the user wrote it."""
    fields = entry.model_dump(exclude={"sha256", "expires"}, exclude_defaults=True)
    lines = [
        yaml.safe_dump({field: value}, allow_unicode=True, width=_NO_FOLD).rstrip("\n")
        for field, value in fields.items()
    ]
    lines += [f"expires: {expires}"] if expires else []
    lines += [f'sha256: "{entry.sha256}"']
    return [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]
