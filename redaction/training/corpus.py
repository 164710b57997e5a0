"""Generates and reads the documents in several processes; the result does not depend on their number."""

from __future__ import annotations

import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from redaction.training.dataset import Piece, Pieces
from redaction.training.documents import Writer

log = logging.getLogger(__name__)

SHARD = 10_000
"""Documents for one seed."""


def _shard(seed: int) -> tuple[list[str], list[Piece]]:
    reader = Pieces()
    pieces = list(reader.read(Writer(seed).documents(SHARD)))
    return list(reader.vocabulary), pieces


def corpus(seed: int, documents: int, *, processes: int) -> tuple[list[str], list[Piece]]:
    """Generate documents, and return their words and the pieces that the tagger would read."""
    vocabulary: dict[str, int] = {}
    everything: list[Piece] = []
    seeds = [seed * 1000 + number for number in range(documents // SHARD)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for words, pieces in pool.map(_shard, seeds):
            numbers = np.array([vocabulary.setdefault(word, len(vocabulary)) for word in words], np.int32)
            everything += [Piece(numbers[piece.words], piece.classes) for piece in pieces]
            log.info("%d pieces, %d distinct words", len(everything), len(vocabulary))
    return list(vocabulary), everything
