"""Runs the model on pieces that are not cached: each piece once, many together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from redaction.errors import TimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redaction.cache import Cache
    from redaction.ner.model import Entity, NerModel, Piece

BATCH = 64
"""Pieces, of a thousand characters at most, that go to the model together; the time is checked after each batch."""


class Reading(Protocol):
    """A text with pieces to read, in `allowed` seconds of CPU time at most."""

    allowed: float
    seconds: float
    error: Exception | None

    @property
    def pieces(self) -> Iterable[Piece]:
        """The pieces that the model must read."""
        ...


class ModelReader:
    """The model and its cache. An error of a piece fails the texts that contain the piece, and no others."""

    def __init__(self, model: NerModel, cache: Cache[tuple[Entity, ...]]) -> None:
        self._model = model
        self._cache = cache

    def answers(self, readings: Sequence[Reading]) -> Mapping[bytes, tuple[Entity, ...]]:
        """Return the entities of each piece. Pieces of failed readings may be missing; `error` has the reason."""
        known: dict[bytes, tuple[Entity, ...]] = {}
        wanted: dict[bytes, str] = {}
        owners: dict[bytes, list[Reading]] = {}
        for reading in readings:
            for piece in reading.pieces:
                owners.setdefault(piece.key, []).append(reading)
                if piece.key in known or piece.key in wanted:
                    continue
                cached = self._cache.get(piece.key)
                if cached is None:
                    wanted[piece.key] = piece.text
                else:
                    known[piece.key] = cached
        queue = list(wanted)
        for first in range(0, len(queue), BATCH):
            batch = [key for key in queue[first : first + BATCH] if any(owner.error is None for owner in owners[key])]
            if batch:
                known.update(self._read({key: wanted[key] for key in batch}, owners))
        return known

    def _read(self, batch: dict[bytes, str], owners: dict[bytes, list[Reading]]) -> dict[bytes, tuple[Entity, ...]]:
        started = time.process_time()
        try:
            answers = dict(zip(batch, map(tuple, self._model.find(list(batch.values()))), strict=True))
        except Exception as error:  # noqa: BLE001 - after any error, these texts must not pass as read
            return self._fail(batch, owners, error)
        for key, entities in answers.items():
            self._cache.put(key, entities)
        concerned = list({id(owner): owner for key in batch for owner in owners[key]}.values())
        for owner in concerned:
            owner.seconds += (time.process_time() - started) / len(concerned)
            if owner.seconds > owner.allowed:
                owner.error = owner.error or TimeLimitExceeded(f"more than {owner.allowed:.1f} s of the model")
        return answers

    def _fail(
        self, batch: dict[bytes, str], owners: dict[bytes, list[Reading]], error: Exception
    ) -> dict[bytes, tuple[Entity, ...]]:
        """Read the pieces of a failed batch one by one, so that only the texts with the bad piece fail."""
        if len(batch) == 1:
            for owner in owners[next(iter(batch))]:
                owner.error = owner.error or error
            return {}
        known: dict[bytes, tuple[Entity, ...]] = {}
        for key, text in batch.items():
            known.update(self._read({key: text}, owners))
        return known
