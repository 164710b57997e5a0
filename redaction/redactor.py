"""The face of redaction: text in, redacted text and findings out."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redaction.analyzer import Analyzer
from redaction.cache import Cache, digest
from redaction.errors import TextTooLong, TimeLimitExceeded, Unredactable
from redaction.hits import repeated
from redaction.json_text import Leaf, leaves
from redaction.keys import key_identity
from redaction.models.rampart import Rampart
from redaction.operators import UNREDACTED_CONTENT_REMOVED
from redaction.reading import ModelReader
from redaction.record import Mark, Piece, Record, RecordReader
from redaction.splice import Splice, apart, place, spliced
from redaction.text import UNREDACTABLE, Finding, Redacted, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from redaction.ner import Entity, NerModel

RULES_VERSION = "1"
"""Changes whenever the same text may be redacted differently; stored with what was redacted."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one text may be, beyond which it is removed whole; and how much memory the caches may take."""

    characters: int = 2_000_000
    seconds: float = 60.0
    cache_bytes: int = 64 << 20


@dataclass(slots=True)
class _Draft:
    """One text on its way."""

    text: Text
    key: bytes
    records: list[Record] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None
    splices: tuple[Splice, ...] = ()

    @property
    def pieces(self) -> Iterator[Piece]:
        """What the model must read of it."""
        return (piece for record in self.records for piece in record.pieces)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep what goes wrong with this text from the others, and add up the time that it takes."""
        started = time.monotonic()
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it was, the text must not pass as redacted
            self.error = self.error or error
        self.seconds += time.monotonic() - started


class Redactor:
    """Redacts texts; one a process, not for two threads at the same time.

    The same text under the same kind of key always gives the same result, whatever it came with and whatever was
    cached. It fails closed: a text that raises, or passes a limit, comes back as a marker, one UNREDACTABLE finding.
    """

    def __init__(self, model: NerModel, *, analyzer: Analyzer | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.failures = 0
        self._model = model
        share = self.limits.cache_bytes // 4
        self._known: Cache[tuple[Splice, ...]] = Cache(2 * share)
        self._known_records: Cache[tuple[Mark, ...]] = Cache(share)
        self._known_pieces: Cache[tuple[Entity, ...]] = Cache(share)
        self._records = RecordReader(analyzer or Analyzer(), model, self._known_records)
        self._reader = ModelReader(model, self._known_pieces, self.limits.seconds)

    def redact(self, text: str, key: str = "", *, structured: bool = False) -> Redacted:
        """Redact one text that stood under an attribute key."""
        return self.redact_many([Text(text, key, structured)])[0]

    def redact_many(self, items: Sequence[Text]) -> list[Redacted]:
        """Redact texts, in their order; equal ones are worked on once."""
        keys = [digest("text", item.text, key_identity(item.key), "s" if item.structured else "") for item in items]
        known: dict[bytes, tuple[Splice, ...]] = {}
        drafts: dict[bytes, _Draft] = {}
        for item, key in zip(items, keys, strict=True):
            if key in known or key in drafts:
                continue
            cached = self._known.get(key)
            if cached is None:
                drafts[key] = _Draft(item, key)
            else:
                known[key] = cached
        self._work(list(drafts.values()))
        known.update((key, draft.splices) for key, draft in drafts.items() if draft.error is None)
        return [
            spliced(item.text, known[key]) if key in known else self._removed(item, drafts[key].error)
            for item, key in zip(items, keys, strict=True)
        ]

    def warm_up(self) -> None:
        """Run everything once, so that the first real text does not pay for it."""
        self.redact("Call Ann Example at +1 415 555 0100 about order ORD-1.", "input.value")

    def close(self) -> None:
        """Free the model and forget the caches; the redactor cannot be used afterwards."""
        self._model.close()
        for cache in (self._known, self._known_records, self._known_pieces):
            cache.clear()

    def _work(self, drafts: Sequence[_Draft]) -> None:
        for draft in drafts:
            with draft.watched():
                self._read(draft)
        readable = [draft for draft in drafts if draft.error is None]
        answers = self._reader.answers(readable)
        for draft in readable:
            with draft.watched():
                for record in draft.records:
                    self._records.finish(record, answers)
                draft.splices = self._splices(draft)
            if draft.error is None:
                self._known.put(draft.key, draft.splices)

    def _read(self, draft: _Draft) -> None:
        """Take a text apart and run the rules over what is not known yet."""
        item = draft.text
        if len(item.text) > self.limits.characters:
            raise TextTooLong(f"{len(item.text)} characters, the limit is {self.limits.characters}")
        deadline = time.monotonic() + self.limits.seconds
        groups: dict[int, list[Leaf]] = {}
        for leaf in leaves(item.text, (item.key,) if item.key else ()):
            groups.setdefault(leaf.group, []).append(leaf)
        for members in groups.values():
            draft.records.append(self._records.read(members, structured=item.structured))
            if time.monotonic() > deadline:
                raise TimeLimitExceeded(f"more than {self.limits.seconds} s")

    @staticmethod
    def _splices(draft: _Draft) -> tuple[Splice, ...]:
        found = [(record.leaves[mark.leaf], mark.hit) for record in draft.records for mark in record.marks]
        if not draft.text.structured:
            found += repeated([leaf for record in draft.records for leaf in record.leaves], found)
        return apart([place(leaf, hit) for leaf, hit in found])

    def _removed(self, item: Text, error: Exception | None) -> Redacted:
        self.failures += 1
        # The text of an error that is not ours may quote what was being redacted: only its type is told.
        reason = str(error) if isinstance(error, Unredactable) else "an unexpected error"
        log.error("A text could not be redacted and was removed whole: %s (%s)", type(error).__name__, reason)
        finding = Finding(0, len(item.text), UNREDACTABLE, type(error).__name__, 1.0)
        return Redacted(UNREDACTED_CONTENT_REMOVED, (finding,))


def build_redactor(model_directory: Path | None = None, *, limits: Limits | None = None) -> Redactor:
    """Build the redactor of worker processes and the command line; raises ModelMissing when no model was prepared."""
    return Redactor(Rampart(model_directory), limits=limits)
