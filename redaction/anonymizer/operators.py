"""Operators: the text that replaces a finding."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from redaction.leaves.json_text import MAX_NESTING, unescape

if TYPE_CHECKING:
    from collections.abc import Mapping

Action = Literal["replace", "pseudonym", "mask", "drop", "keep"]

UNREDACTED_CONTENT_REMOVED = "<UNREDACTED_CONTENT_REMOVED>"
"""Replaces a text that could not be redacted."""

FIELD_DROPPED = "<FIELD_DROPPED>"
"""Replaces a text with a finding for which the policy has the action `drop`."""

_LAST_ENTITY = re.compile(r"<[A-Z][A-Z0-9_]*+(?=[^<]*+$)")
_SHOWN = 4
_FEWEST_HIDDEN = 6
_MASKABLE = re.compile(r"[0-9A-Za-z+()][0-9A-Za-z \t().+/-]*")
_SPACE = re.compile(r"\s+")


def replace(entity: str) -> str:
    """Return the placeholder of an entity: ASCII without quotes or backslashes, so it fits into any JSON string."""
    return f"<{entity}>"


def numbered(redacted: str, number: int) -> str:
    """Write a number, from 2 on, into the last placeholder of a redacted key, so that keys stay different."""
    return _LAST_ENTITY.sub(rf"\g<0>_{number}", redacted) if number > 1 else redacted


@dataclass(frozen=True, slots=True)
class Operators:
    """The action for findings of each entity.

    `pseudonym_key` belongs to one team, or to one run. A value always gets the same pseudonym under one key; without
    the keys, pseudonyms of different keys cannot be linked. Without a key, pseudonyms become plain placeholders.
    """

    actions: Mapping[str, Action] = field(default_factory=dict)
    default: Action = "replace"
    pseudonym_key: bytes = b""
    pseudonym_digits: int = 4

    @property
    def pseudonymous(self) -> bool:
        """Whether some entity gets a pseudonym."""
        return self.default == "pseudonym" or "pseudonym" in self.actions.values()

    def action(self, entity: str) -> Action:
        """Return the action for an entity."""
        return self.actions.get(entity, self.default)

    def write(self, entity: str, raw: str) -> str:
        """Return the replacement of a finding; `raw` is the finding as its text has it, escapes included."""
        action = self.action(entity)
        if action == "pseudonym" and self.pseudonym_key:
            value = _plain(raw)
            digest = hmac.new(self.pseudonym_key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
            return f"<{entity}:{digest[: self.pseudonym_digits]}>"
        if action == "mask":
            end = _end(raw)
            return f"<{entity}:*{end}>" if end else replace(entity)
        return replace(entity)


def team_key(master: bytes, scope: str) -> bytes:
    """Derive the pseudonym key of a team or a run from the key of the instance."""
    return hmac.new(master, b"spanledger pseudonyms " + scope.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _plain(raw: str) -> str:
    """Normalise escapes, case and white space of a value: a person's name is written in several ways."""
    value = raw
    for _ in range(MAX_NESTING):
        if "\\" not in value:
            break
        value = unescape(value, range(len(value) + 1))[0]
    if "%" in value:
        value = unquote(value.replace("+", " "))
    return _SPACE.sub(" ", value).strip().casefold()


def _end(raw: str) -> str:
    """Return the last four letters or digits; "" if the value is too short to show so many, or encoded."""
    if _MASKABLE.fullmatch(raw) is None:
        return ""
    bare = [character for character in raw if character.isalnum()]
    return "".join(bare[-_SHOWN:]).upper() if len(bare) >= _SHOWN + _FEWEST_HIDDEN else ""
