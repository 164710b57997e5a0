"""Vectors of words, the input of the network: sums of rows of a table, in 8 bit."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from redaction.tagger.words import features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from redaction.tagger.lexicon import Lexicon

ZERO = 128
"""The value of 0 in a vector of 8 bit."""


class Table(NamedTuple):
    """Rows of WIDTH, in 8 bit with a scale each; `step` is the value of 1 in the vectors of words."""

    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    step: float

    def sums(self, words: Sequence[str], lexicon: Lexicon) -> NDArray[np.float32]:
        """Return the vectors of words, (words, WIDTH); a vector does not depend on the other words."""
        all_features = [features(word, lexicon) for word in words]
        counts = np.array([len(rows) for rows, _ in all_features])
        grams = np.array([count for _, count in all_features])
        rows = np.fromiter(chain.from_iterable(rows for rows, _ in all_features), np.int64, counts.sum())
        ends = np.cumsum(counts)
        weight = np.maximum(grams, 1).astype(np.float32) ** np.float32(-0.5)
        is_gram = np.arange(len(rows)) >= np.repeat(ends - grams, counts)
        weights = np.where(is_gram, np.repeat(weight, counts), np.float32(1)) * self.scales[rows]
        sums: NDArray[np.float32] = np.add.reduceat(self.rows[rows] * weights[:, None], ends - counts, axis=0)
        return sums


class Vectors:
    """A cache of the vectors of words; it is cleared when it has too many."""

    def __init__(self, table: Table, lexicon: Lexicon, most: int = 1 << 16) -> None:
        self._table = table
        self._lexicon = lexicon
        self._most = most
        self._index: dict[str, int] = {}
        self._vectors = np.full((1024, table.rows.shape[1]), ZERO, np.uint8)  # the first row stays ZERO

    def of(self, words: Sequence[str]) -> NDArray[np.uint8]:
        """Return the vectors of words, one row each, after a first row that is all ZERO."""
        known = self._index
        new = [word for word in dict.fromkeys(words) if word not in known]
        if len(known) + len(new) > self._most:
            known.clear()
            new = list(dict.fromkeys(words))
        if new:
            self._add(new)
        return self._vectors[[0, *map(known.__getitem__, words)]]

    def _add(self, words: list[str]) -> None:
        first = len(self._index) + 1
        while first + len(words) > len(self._vectors):
            self._vectors = np.concatenate([self._vectors, self._vectors])
        steps = np.rint(self._table.sums(words, self._lexicon) / self._table.step) + ZERO
        self._vectors[first : first + len(words)] = np.clip(steps, 0, 255).astype(np.uint8)
        self._index.update(zip(words, range(first, first + len(words)), strict=True))
