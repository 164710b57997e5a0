"""Lets the model read what it has not read before: each piece once, many together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from redaction.errors import TimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redaction.cache import Cache
    from redaction.ner.model import Entity, NerModel, Piece

BATCH = 64
"""Pieces that the model gets at once, of a thousand characters at most; and how often the time is looked at."""


class Reading(Protocol):
    """A text whose pieces are being read, for `allowed` seconds of the processor at most."""

    allowed: float
    seconds: float
    error: Exception | None

    @property
    def pieces(self) -> Iterable[Piece]:
        """What the model must read of it."""
        ...


class ModelReader:
    """The model behind its cache. A piece that fails fails for the texts that hold it, and for no others."""

    def __init__(self, model: NerModel, cache: Cache[tuple[Entity, ...]]) -> None:
        self._model = model
        self._cache = cache

    def answers(self, readings: Sequence[Reading]) -> Mapping[bytes, tuple[Entity, ...]]:
        """Ask what the model says of every piece; pieces of failed readings may be missing, and `error` says why."""
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
            found = dict(zip(batch, map(tuple, self._model.find(list(batch.values()))), strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it was, these texts must not pass as read
            return self._fail(batch, owners, error)
        for key, entities in found.items():
            self._cache.put(key, entities)
        concerned = list({id(owner): owner for key in batch for owner in owners[key]}.values())
        for owner in concerned:
            owner.seconds += (time.process_time() - started) / len(concerned)
            if owner.seconds > owner.allowed:
                owner.error = owner.error or TimeLimitExceeded(f"more than {owner.allowed:.1f} s of the model")
        return found

    def _fail(
        self, batch: dict[bytes, str], owners: dict[bytes, list[Reading]], error: Exception
    ) -> dict[bytes, tuple[Entity, ...]]:
        """Read the pieces of a failed batch one by one, so that only the texts with the bad piece are lost."""
        if len(batch) == 1:
            for owner in owners[next(iter(batch))]:
                owner.error = owner.error or error
            return {}
        known: dict[bytes, tuple[Entity, ...]] = {}
        for key, text in batch.items():
            known.update(self._read({key: text}, owners))
        return known
