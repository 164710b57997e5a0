"""Tells in one pass over a text which of many patterns may match in it; the others need not be tried.

Hyperscan searches for all patterns at once, as fast as for one. It has bytes and no lookaround, so each pattern is
loosened first: the loosened pattern matches wherever the pattern does, and sometimes elsewhere.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import hyperscan

from redaction.recognizers.compiled_patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_STAND_IN = "\x7f"
"""Replaces every character that is not ASCII; it may be a letter, a digit or a space."""
_LAST = 0x7E
"""The last character that is not replaced."""
_FOLDED = frozenset(map(ord, "iIkKsS"))
"""Letters that equal some character outside ASCII if case is ignored."""
_MOST_COUNTED = 40
"""Repetitions are counted up to this number; more make the automaton large and filter little more."""

_IN_CATEGORY: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_NOT_DIGIT: lambda one: not one.isdecimal(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
    sre.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    sre.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
}


class Prefilter:
    """Patterns that are searched for together; not for use from two threads at the same time."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        once = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
        folded = once | hyperscan.HS_FLAG_CASELESS
        self._database = compiled(
            [loosened(pattern).encode("ascii") for pattern in patterns],
            [folded if pattern.flags & re.IGNORECASE else once for pattern in patterns],
        )

    def find(self, text: str) -> list[int]:
        """Return the numbers of the patterns that may match in a text, in order; none that matches is missing."""
        numbers: list[int] = []

        def note(number: int, *_: object) -> None:
            numbers.append(number)

        ascii_only = text if text.isascii() else _NOT_ASCII.sub(_STAND_IN, text)
        self._database.scan(ascii_only.encode("ascii"), match_event_handler=note)
        return sorted(numbers)


def loosened(pattern: re.Pattern[str]) -> str:
    """Return an expression for Hyperscan that matches every text that `pattern` does, as Prefilter.find scans it."""
    folded = bool(pattern.flags & re.IGNORECASE)
    return _Loosening().all(_parser.parse(pattern.pattern, pattern.flags), folded=folded)


class _Loosening:
    """Loosens the parse tree that Python's parser makes of a pattern; keeps its groups for back-references."""

    def __init__(self) -> None:
        self._groups: dict[int, str] = {}

    def all(self, items: Any, *, folded: bool) -> str:  # noqa: ANN401 - the parser is not typed
        return "".join(self._one(kind, value, folded=folded) for kind, value in items)

    def _one(self, kind: Any, value: Any, *, folded: bool) -> str:  # noqa: ANN401 - the parser is not typed
        match kind:
            case sre.AT | sre.ASSERT | sre.ASSERT_NOT:
                loose = ""
            case sre.LITERAL | sre.NOT_LITERAL | sre.ANY | sre.IN:
                loose = _class(kind, value, folded=folded)
            case sre.BRANCH:
                loose = "(?:" + "|".join(self.all(branch, folded=folded) for branch in value[1]) + ")"
            case sre.SUBPATTERN:
                number, added, removed, inner = value
                inside = bool((folded and not removed & re.IGNORECASE) or added & re.IGNORECASE)
                loose = f"(?{'i' if inside else '-i'}:{self.all(inner, folded=inside)})"
                self._groups[number] = loose
            case sre.ATOMIC_GROUP:
                loose = f"(?:{self.all(value, folded=folded)})"
            case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
                loose = f"(?:{self.all(value[2], folded=folded)}){_times(*value[:2])}"
            case sre.GROUPREF:
                loose = self._groups[value]
            case sre.GROUPREF_EXISTS:
                _, present, absent = value
                loose = f"(?:{self.all(present, folded=folded)}|{self.all(absent or (), folded=folded)})"
            case _:
                raise ValueError(f"{kind} cannot be loosened")
        return loose


def _times(least: int, most: int) -> str:
    least = min(least, _MOST_COUNTED)
    return f"{{{least},{most}}}" if most <= _MOST_COUNTED else f"{{{least},}}"


def _class(kind: Any, value: Any, *, folded: bool) -> str:  # noqa: ANN401 - the parser is not typed
    """Write an item that matches one character as a set of ASCII characters and the stand-in."""
    items = value if kind is sre.IN else [(kind, value)]
    negated = items[0][0] in {sre.NEGATE, sre.NOT_LITERAL}
    taken: set[int] = set()
    beyond = negated  # whether characters outside ASCII may match
    for name, what in items:
        if name is sre.ANY:
            return r"[\x00-\x7f]"
        if name in {sre.LITERAL, sre.NOT_LITERAL}:
            taken.add(what)
        elif name is sre.RANGE:
            taken.update(range(what[0], min(what[1], _LAST) + 1))
            beyond |= what[1] > _LAST
        elif name is sre.CATEGORY:
            taken.update(code for code in range(_LAST + 1) if _IN_CATEGORY[what](chr(code)))
            beyond = True
    beyond |= max(taken, default=0) > _LAST or (folded and not taken.isdisjoint(_FOLDED))
    own = [code for code in range(_LAST + 1) if (code in taken) != negated]
    return "[" + "".join(f"\\x{code:02x}" for code in (*own, *([ord(_STAND_IN)] if beyond else ()))) + "]"
