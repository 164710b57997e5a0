"""The tagger at run time: words to vectors, vectors through a small convolutional network, tags to entities."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime

from redaction.ner.model import Entity
from redaction.ner.scripts import is_letter
from redaction.tagger.files import LEXICON, NETWORK, TABLE, read_files
from redaction.tagger.lexicon import Lexicon
from redaction.tagger.vectors import Table, Vectors
from redaction.tagger.words import PAD, WORD, folded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

LABELS = ("", "PERSON", "ADDRESS", "CITY", "PHONE_NUMBER")
"""The classes of the network, in its order; the first is "nothing"."""

_HANDLE_AROUND = re.compile(r"(?<![\w.-])[A-Za-z]+(?:[._-][A-Za-z]+)*(?:[_-][A-Za-z]*\d\w*|_[A-Za-z]+)(?![\w-])")
_LETTERS = re.compile(r"[A-Za-z]+")
_HYPHENATED = re.compile(r"-([^\W\d_]{2,})(?![\w-])")
_SURE = 0.95
"""What it must give for a name made of ordinary words alone ("Wei Ling"), which has two capitals at least."""
_RUN_WORDS = 1024
"""Words that go through the network together: more is no faster, and takes more memory."""
DISTANCES = (1, 2, 4, 8)
"""How far to the left and to the right of a word the layers of the network look."""
_SIDES = np.array(DISTANCES, np.int32)[:, None, None] * np.array([-1, 0, 1], np.int32)


class Weights(NamedTuple):
    """What a tagger is made of."""

    network: bytes
    table: Table
    lexicon: Lexicon


def load(directory: Traversable | None = None) -> Weights:
    """Load the weights that ship with the package, or those of a directory; raises as `read_files` does."""
    contents = read_files(directory)
    with np.load(io.BytesIO(contents[TABLE]), allow_pickle=False) as arrays:
        table = Table(arrays["rows"], arrays["scales"], float(arrays["step"]))
    return Weights(contents[NETWORK], table, Lexicon.from_bytes(contents[LEXICON]))


def neighbours(lengths: Sequence[int]) -> dict[str, NDArray[np.int32]]:
    """Rows that each word sees at each distance: left, itself, right; 0 where its text has none.

    `lengths` are the words of each text; those of the first text are rows 1, 2, ... of what the network takes.
    """
    counts = np.array(lengths, np.int32)
    ends = np.cumsum(counts, dtype=np.int32) + 1
    beside = np.arange(1, ends[-1], dtype=np.int32)[:, None] + _SIDES  # (distances, words, 3)
    firsts, ends = np.repeat(ends - counts, counts)[:, None], np.repeat(ends, counts)[:, None]
    beside *= (beside >= firsts) & (beside < ends)
    return {f"beside{distance}": rows.ravel() for distance, rows in zip(DISTANCES, beside, strict=True)}


class Tagger:
    """The model, loaded once; not for use from two threads at the same time.

    Many texts go through the network together. No word sees a word of another text, and products of matrices are sums
    of integers, the same in whatever order they are added: an answer cannot depend on the texts beside it.
    """

    name = "tagger"
    max_chars = 1000
    pace = 50_000
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
        found: list[list[Entity]] = []
        waiting: list[list[re.Match[str]]] = []
        words = 0
        for text in texts:
            matches = list(WORD.finditer(text))
            if words + len(matches) > _RUN_WORDS:
                found += self._run(waiting)
                waiting, words = [], 0
            waiting.append(matches)
            words += len(matches)
        return found + self._run(waiting)

    def probabilities(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Say how likely each class is for each word, (words of all texts, classes), in one run of the network.

        The words of a text stand between two that are PAD.
        """
        words = self._vectors.of([word for text in texts for word in text])
        answer: NDArray[np.float32] = self._session.run(None, {"words": words, **neighbours(list(map(len, texts)))})[0]
        return answer

    def _run(self, texts: Sequence[list[re.Match[str]]]) -> list[list[Entity]]:
        """Find the entities of texts, given as their words."""
        if not any(texts):
            return [[] for _ in texts]
        probabilities = self.probabilities([[PAD, *map(re.Match.group, matches), PAD] for matches in texts])
        scores = 1 - probabilities[:, 0]
        labels = probabilities[:, 1:].argmax(axis=1) + 1
        tagged = np.nonzero(scores >= self._threshold)[0]
        firsts = np.cumsum([0, *(len(matches) + 2 for matches in texts)])
        cuts = np.searchsorted(tagged, firsts)
        found: list[list[Entity]] = []
        for number, matches in enumerate(texts):
            rows = tagged[cuts[number] : cuts[number + 1]]
            places = (rows - firsts[number] - 1).tolist()
            found.append(self._entities(matches, places, labels[rows].tolist(), scores[rows].tolist()))
        return found

    def _entities(
        self, matches: Sequence[re.Match[str]], places: list[int], labels: list[int], scores: list[float]
    ) -> list[Entity]:
        """Join the tagged words of one text, those at `places` of its words."""
        found: list[Entity] = []
        for place, number, score in zip(places, labels, scores, strict=True):
            if not 0 <= place < len(matches):
                continue  # what stands before and after the text
            match, label = matches[place], LABELS[number]
            last = found[-1] if found else None
            if last is not None and last.label == label and not match.string[last.end : match.start()].strip(" \t\r"):
                found[-1] = last._replace(end=match.end(), score=max(last.score, score))
            elif is_letter(match.group()[0]):
                found.append(Entity(match.start(), match.end(), label, score))
        whole = [self._whole(matches[0].string, entity) for entity in found]
        return [entity for entity in whole if not self._is_plain(matches[0].string, entity)]

    def _whole(self, text: str, entity: Entity) -> Entity:
        """Take in what a hyphen joins to a name ("Hyun-woo"), unless it is an ordinary word ("Smith-owned")."""
        joined = _HYPHENATED.match(text, entity.end) if entity.label == "PERSON" else None
        if joined is None or Lexicon.is_plain(self._lexicon.code(folded(joined[1]))):
            return entity
        return entity._replace(end=joined.end())

    def _is_plain(self, text: str, entity: Entity) -> bool:
        """Whether an entity is made of nothing but ordinary words, or is part of something's name with a number.

        So is one in lower case of words that are on no list, in a text that has capitals.
        """
        value = text[entity.start : entity.end]
        if entity.label == "ADDRESS":
            known = Lexicon.is_ordinary if value[1:].islower() and not any(map(str.isdecimal, value)) else None
        else:
            known = Lexicon.is_plain if entity.label in {"PERSON", "CITY"} else None
        words = [word for word in WORD.findall(value) if word[0].isalpha()]
        sure = entity.label == "PERSON" and entity.score >= _SURE and len(words) > 1 and all(map(str.istitle, words))
        codes = [self._lexicon.code(folded(word)) for word in words]
        if known and not sure and all(map(known, codes)):
            return True
        if known and value.islower() and not text.islower() and not any(map(Lexicon.is_named, codes)):
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
