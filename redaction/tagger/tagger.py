"""The tagger at run time: words to vectors, vectors through a small convolutional network, tags to entities."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime

from redaction.ner import Entity
from redaction.scripts import is_letter
from redaction.tagger.files import LEXICON, NETWORK, TABLE, read_files
from redaction.tagger.lexicon import Lexicon
from redaction.tagger.words import PAD, WORD, features, folded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

LABELS = ("", "PERSON", "ADDRESS", "CITY", "PHONE_NUMBER")
"""The classes of the network, in its order; the first is "nothing"."""

_HANDLE_AROUND = re.compile(r"(?<![\w.-])[A-Za-z]+(?:[._-][A-Za-z]+)*(?:[_-][A-Za-z]*\d\w*|_[A-Za-z]+)(?![\w-])")
_LETTERS = re.compile(r"[A-Za-z]+")
_SURE = 0.95
"""What it must give for a name made of ordinary words alone ("Wei Ling"), which has two capitals at least."""


class Weights(NamedTuple):
    """What a tagger is made of."""

    network: bytes
    table: NDArray[np.float32]
    lexicon: Lexicon


def load(directory: Traversable | None = None) -> Weights:
    """Load the weights that ship with the package, or those of a directory; raises as `read_files` does."""
    contents = read_files(directory)
    with np.load(io.BytesIO(contents[TABLE]), allow_pickle=False) as arrays:
        table = arrays["rows"].astype(np.float32) * arrays["scales"][:, None]
    return Weights(contents[NETWORK], table, Lexicon.from_bytes(contents[LEXICON]))


class Vectors:
    """Vectors of words, each made once; forgotten all together when there are too many."""

    def __init__(self, table: NDArray[np.float32], lexicon: Lexicon, most: int = 1 << 16) -> None:
        self._table = table
        self._lexicon = lexicon
        self._most = most
        self._index: dict[str, int] = {}
        self._vectors = np.zeros((1024, table.shape[1]), np.float32)

    def of(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of words, one row each."""
        if len(self._index) + len(words) > self._most:
            self._index.clear()
        known = self._index
        indexes = [known[word] if word in known else self._add(word) for word in words]
        return self._vectors[indexes]

    def _add(self, word: str) -> int:
        index = len(self._index)
        if index == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        rows, weights = features(word, self._lexicon)
        self._vectors[index] = np.asarray(weights, np.float32) @ self._table[rows]
        self._index[word] = index
        return index


class Tagger:
    """The model, loaded once; not for use from two threads at the same time.

    Each text goes through the network alone, in 32-bit floats and in its own length: its answer cannot depend on the
    texts beside it.
    """

    name = "tagger"
    max_chars = 1000
    reads_keys = True

    def __init__(self, weights: Weights | None = None, *, threshold: float = 0.1) -> None:
        held = weights or load()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(held.network, options, providers=["CPUExecutionProvider"])
        self._vectors = Vectors(held.table, held.lexicon)
        self._lexicon = held.lexicon
        self._threshold = threshold

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find the entities of each text; scores are 1 - p(nothing) of the surest word."""
        return [self._entities(text) for text in texts]

    def _entities(self, text: str) -> list[Entity]:
        matches = list(WORD.finditer(text))
        if not matches:
            return []
        words = [match.group() for match in matches]
        probabilities = self._session.run(None, {"words": self._vectors.of([PAD, *words, PAD])})[0][1:-1]
        scores = 1 - probabilities[:, 0]
        found: list[Entity] = []
        for index in np.nonzero(scores >= self._threshold)[0].tolist():
            match, score = matches[index], float(scores[index])
            label = LABELS[int(probabilities[index, 1:].argmax()) + 1]
            last = found[-1] if found else None
            if last is not None and last.label == label and not text[last.end : match.start()].strip(" \t\r"):
                found[-1] = last._replace(end=match.end(), score=max(last.score, score))
            elif is_letter(match.group()[0]):
                found.append(Entity(match.start(), match.end(), label, score))
        return [entity for entity in found if not self._is_plain(text, entity)]

    def _is_plain(self, text: str, entity: Entity) -> bool:
        """Whether an entity is made of nothing but ordinary words, or is part of something's name with a number."""
        value = text[entity.start : entity.end]
        if entity.label == "ADDRESS":
            known = Lexicon.is_ordinary if value[1:].islower() and not any(map(str.isdecimal, value)) else None
        else:
            known = Lexicon.is_plain if entity.label in {"PERSON", "CITY"} else None
        words = [word for word in WORD.findall(value) if word[0].isalpha()]
        sure = entity.label == "PERSON" and entity.score >= _SURE and len(words) > 1 and all(map(str.istitle, words))
        if known and not sure and all(known(self._lexicon.code(folded(word))) for word in words):
            return True
        return entity.label == "PERSON" and self._is_nobodys_handle(text, entity)

    def _is_nobodys_handle(self, text: str, entity: Entity) -> bool:
        """Whether a name lies in a token like "render-queue-12" none of whose words is known as a name."""
        token = _HANDLE_AROUND.search(text, max(0, entity.start - 40), entity.end + 40)
        while token is not None and token.end() <= entity.start:
            token = _HANDLE_AROUND.search(text, token.end(), entity.end + 40)
        if token is None or token.start() >= entity.end:
            return False
        codes = (self._lexicon.code(word.lower()) for word in _LETTERS.findall(token.group()))
        return not any(Lexicon.is_name(code) for code in codes)

    def close(self) -> None:
        """Free the session."""
        self._session = None
