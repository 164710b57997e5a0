"""Training data: the words that the tagger would read of a document, and the class of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from redaction.cache import Cache
from redaction.leaves.json_text import leaves
from redaction.recognizers.analyzer import Analyzer
from redaction.record import RecordReader
from redaction.tagger.tagger import LABELS
from redaction.tagger.words import PAD, WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from redaction.leaves.json_text import Leaf
    from redaction.ner.model import Entity
    from redaction.record import Record
    from redaction.training.documents import Document


class Reader:
    """Replaces the tagger during training: records are prepared for it, but it is never called."""

    name = "tagger"
    max_chars = 1000
    pace = 100_000
    reads_keys = True

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find nothing."""
        return [[] for _ in texts]

    def close(self) -> None:
        """Do nothing."""


class Piece(NamedTuple):
    """Words by their number in the vocabulary, and their classes."""

    words: NDArray[np.int32]
    classes: NDArray[np.int8]


class Pieces:
    """Reads documents as the redactor does, JSON, then rules, then the view, and numbers their words."""

    def __init__(self) -> None:
        self.vocabulary: dict[str, int] = {PAD: 0}
        self._records = RecordReader(Analyzer(), Reader(), Cache(0))

    def read(self, documents: Iterable[Document]) -> Iterator[Piece]:
        """Yield the pieces of documents."""
        for document in documents:
            classes = np.zeros(len(document.text) + 1, np.int8)
            for label in document.labels:
                classes[label.start : label.end] = LABELS.index(label.label)
            groups: dict[int, list[Leaf]] = {}
            path = (document.key,) if document.key else ()
            for leaf in leaves(document.text, path):
                groups.setdefault(leaf.group, []).append(leaf)
            for members in groups.values():
                yield from self._pieces(self._records.read(members, structured=False, outer=len(path)), classes)

    def _pieces(self, record: Record, classes: NDArray[np.int8]) -> Iterator[Piece]:
        of_view = np.zeros(len(record.view.text) + 1, np.int8)
        for anchor in record.view.anchors:
            places = record.leaves[anchor.leaf].places
            raw = np.asarray(places[anchor.leaf_start : anchor.leaf_start + anchor.length], np.intp)
            of_view[anchor.view_start : anchor.view_start + anchor.length] = classes[raw]
        for start, text, _ in record.pieces:
            words, kinds = [], []
            for match in WORD.finditer(text):
                words.append(self.vocabulary.setdefault(match.group(), len(self.vocabulary)))
                kinds.append(of_view[start + match.start()])
            if words:
                yield Piece(np.asarray(words, np.int32), np.asarray(kinds, np.int8))
