"""What could not be read in a request: values that were mended, and items that were rejected alone.

A defect has a path (`resource_spans[0].scope_spans[0].spans[1].name`) and a kind, and never quotes the request.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from collector.otlp.refusals import BadRequestError
from schema.otlp.attributes import MENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.message import Message

Path: TypeAlias = "tuple[Path, str, int | None] | None"
"""The parent's path, a field's name and its index in a repeated field; None: the request. Linked, so a step is O(1)."""

RECORDS: Final = frozenset({"spans", "log_records", "metrics", "data_points"})
"""Fields with items that are rejected alone."""

UNREADABLE: Final = "unreadable"
INVALID_IDS: Final = "invalid_ids"
"""Reasons in the ledger for rejecting single items of an accepted request."""

NOT_UTF8: Final = "not UTF-8"
TOO_DEEP: Final = "nested too deep"
BROKEN: Final = "cut off or not protobuf"

MAX_DEFECTS: Final = 100_000
"""Limit of defects in a request; each takes memory."""

_SHOWN: Final = 10  # defects in an answer
_SHOWN_BY_ITEM: Final = 8  # in the attribute of one item
_Steps: TypeAlias = "list[tuple[str, int | None]]"
_HOLDERS: Final = RECORDS - {"metrics"}  # the resource names what was mended in the fields of a metric


class Defects:
    """The defects of one request, in its order."""

    def __init__(self) -> None:
        self.mended: list[tuple[Path, str]] = []
        self.rejected: list[tuple[Path, str]] = []
        self.by_reason: Counter[str] = Counter()
        """Rejected items by the reason in the ledger."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.mended or self.rejected)

    def mend(self, path: Path, kind: str) -> None:
        """Note a value that was replaced or left out. Raises BadRequestError for too many."""
        self._require_room()
        self.mended.append((path, kind))

    def reject(self, path: Path, kind: str, reason: str = UNREADABLE) -> None:
        """Note an item that is removed; a message with an unknown number of items counts as one.

        Raises BadRequestError for too many that are unreadable; of the others only the first are listed.
        """
        if reason == UNREADABLE:
            self._require_room()
        if len(self.rejected) < MAX_DEFECTS:
            self.rejected.append((path, kind))
        self.by_reason[reason] += 1

    def _require_room(self) -> None:
        if len(self.mended) + len(self.rejected) >= MAX_DEFECTS:
            raise BadRequestError(f"More than {MAX_DEFECTS} values cannot be read, the first at {_line(*self._first)}.")

    @property
    def _first(self) -> tuple[Path, str]:
        return (self.rejected or self.mended)[0]

    def require_something(self, items: int) -> None:
        """Raise BadRequestError if nothing is left of a request because nothing could be read."""
        if not items and self.by_reason[UNREADABLE] and not self.by_reason[INVALID_IDS]:
            raise BadRequestError(f"Nothing in the body can be read: {_line(*self._first)}.")

    def message(self) -> str:
        """Return the text for the sender, empty if there are no defects."""
        return " ".join(
            f"{word} {total}: {_list([_line(*defect) for defect in defects[:_SHOWN]], total)}."
            for word, defects, total in (
                ("Rejected", self.rejected, self.by_reason.total()),
                ("Mended", self.mended, len(self.mended)),
            )
            if defects
        )

    def mark(self, request: Message) -> None:
        """Name the mended values in an attribute of their span, log record, data point or resource."""
        texts: dict[int, tuple[Any, list[str]]] = {}
        total: Counter[int] = Counter()
        for path, kind in self.mended:
            found = _holder(request, steps_of(path))
            if found is None:
                continue
            holder, inside = found
            _, lines = texts.setdefault(id(holder), (holder, []))
            total[id(holder)] += 1
            if len(lines) < _SHOWN_BY_ITEM:
                lines.append(f"{_written(inside)}: {kind}")
        for number, (holder, lines) in texts.items():
            marks = holder.attributes.add(key=MENDED)
            marks.value.string_value = _list(lines, total[number])


def steps_of(path: Path) -> _Steps:
    """Return the steps of a path, the first one first."""
    steps = []
    while path is not None:
        path, name, index = path
        steps.append((name, index))
    return steps[::-1]


def message_at(request: Message, steps: Iterable[tuple[str, int | None]]) -> Any:  # noqa: ANN401 - any message
    """Return the message, or the field without an index, at these steps."""
    found: Any = request
    for name, index in steps:
        found = getattr(found, name) if index is None else getattr(found, name)[index]
    return found


def remove_rejected(request: Message, defects: Defects) -> None:
    """Remove the rejected spans, log records, metrics and data points of a request."""
    containers: dict[tuple[tuple[str, int | None], ...], set[int]] = {}
    for path, _ in defects.rejected:
        if path is not None and path[1] in RECORDS and path[2] is not None:
            containers.setdefault((*steps_of(path[0]), (path[1], None)), set()).add(path[2])
    for steps, indices in sorted(containers.items(), key=lambda item: -len(item[0])):  # points before their metrics
        items = message_at(request, steps)
        remove_flagged(items, [index in indices for index in range(len(items))])


def remove_flagged(items: Any, gone: Sequence[bool]) -> None:  # noqa: ANN401 - any repeated field of messages
    """Remove the items with a true flag; there is one flag an item."""
    if any(gone):
        flags = iter(gone)
        items.sort(key=lambda _: next(flags))  # stable; deleting them one by one would be quadratic
        del items[-sum(gone) :]


def _holder(request: Message, steps: _Steps) -> tuple[Any, _Steps] | None:
    """Return the message that names a mended value, and the steps from there; None for the fields of the request."""
    for place in range(len(steps) - 1, -1, -1):
        if steps[place][0] in _HOLDERS and steps[place][1] is not None:
            try:
                return message_at(request, steps[: place + 1]), steps[place + 1 :]
            except IndexError:  # the points of a metric of two kinds, of which the last one counts
                return None
    if not steps or steps[0][1] is None:
        return None
    return message_at(request, steps[:1]).resource, steps[1:]


def _line(path: Path, kind: str) -> str:
    return f"{_written(steps_of(path)) or 'the request'}: {kind}"


def _written(steps: _Steps) -> str:
    return ".".join(name if index is None else f"{name}[{index}]" for name, index in steps)


def _list(lines: list[str], total: int) -> str:
    more = total - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")
