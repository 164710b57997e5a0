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
"""The least score of a name made only of ordinary words ("Wei Ling"); it needs two capitalised words."""
_RUN_WORDS = 1024
"""Words in one run of the network: more are no faster and take more memory."""
DISTANCES = (1, 2, 4, 8)
"""Distance of the neighbours, left and right of a word, that each layer of the network reads."""
_SIDES = np.array(DISTANCES, np.int32)[:, None, None] * np.array([-1, 0, 1], np.int32)


class Weights(NamedTuple):
    """The network, the table of vectors and the lexicon."""

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
    """Return for each distance the rows that each word reads: left, itself, right; 0 outside of its text.

    `lengths` are the numbers of words of the texts; words are rows 1, 2, ... of the network's input. The keys of the
    result are the names of the network's inputs.
    """
    counts = np.array(lengths, np.int32)
    ends = np.cumsum(counts, dtype=np.int32) + 1
    rows = np.arange(1, ends[-1], dtype=np.int32)[:, None] + _SIDES  # (distances, words, 3)
    firsts, ends = np.repeat(ends - counts, counts)[:, None], np.repeat(ends, counts)[:, None]
    rows *= (rows >= firsts) & (rows < ends)
    return {f"beside{distance}": ones.ravel() for distance, ones in zip(DISTANCES, rows, strict=True)}


class Tagger:
    """The model, loaded once; not for use from two threads at the same time.

    Many texts go through the network together. No word reads a word of another text, and matrix products are sums of
    integers, which do not depend on the order of addition: an answer cannot depend on the other texts.
    """

    name = "tagger"
    max_chars = 1000
    pace = 50_000
    reads_keys = True

    def __init__(self, weights: Weights | None = None, *, threshold: float = 0.1) -> None:
        loaded = weights or load()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(loaded.network, options, providers=["CPUExecutionProvider"])
        self._vectors = Vectors(loaded.table, loaded.lexicon)
        self._lexicon = loaded.lexicon
        self._threshold = threshold

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find the entities of each text; a score is 1 - p(no entity) of the entity's best word."""
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
        """Return the probability of each class for each word, (words of all texts, classes), in one run.

        The first and the last word of a text must be PAD.
        """
        words = self._vectors.of([word for text in texts for word in text])
        answer: NDArray[np.float32] = self._session.run(None, {"words": words, **neighbours(list(map(len, texts)))})[0]
        return answer

    def _run(self, texts: Sequence[list[re.Match[str]]]) -> list[list[Entity]]:
        """Find the entities of texts, passed as the matches of their words."""
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
        """Join the tagged words of one text; `places` are their indexes among its words."""
        found: list[Entity] = []
        for place, number, score in zip(places, labels, scores, strict=True):
            if not 0 <= place < len(matches):
                continue  # PAD before and after the text
            match, label = matches[place], LABELS[number]
            last = found[-1] if found else None
            if last is not None and last.label == label and not match.string[last.end : match.start()].strip(" \t\r"):
                found[-1] = last._replace(end=match.end(), score=max(last.score, score))
            elif is_letter(match.group()[0]):
                found.append(Entity(match.start(), match.end(), label, score))
        joined = [self._with_hyphenated(matches[0].string, entity) for entity in found]
        return [entity for entity in joined if not self._is_plain(matches[0].string, entity)]

    def _with_hyphenated(self, text: str, entity: Entity) -> Entity:
        """Add the word that a hyphen joins to a name ("Hyun-woo"), unless it is an ordinary word ("Smith-owned")."""
        joined = _HYPHENATED.match(text, entity.end) if entity.label == "PERSON" else None
        if joined is None or Lexicon.is_plain(self._lexicon.code(folded(joined[1]))):
            return entity
        return entity._replace(end=joined.end())

    def _is_plain(self, text: str, entity: Entity) -> bool:
        """Whether an entity is no name: only ordinary words, or a part of the handle of a thing.

        Nor is it a name in lower case, of words on no list, in a text with capitals.
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
        return entity.label == "PERSON" and self._is_handle_of_thing(text, entity)

    def _is_handle_of_thing(self, text: str, entity: Entity) -> bool:
        """Whether a name lies in a token like "render-queue-12", with no word that a list has as a name."""
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
