"""A record: leaves of a text that are read together, first by the rules, then by the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from redaction.anonymizer.merge import covered, merged
from redaction.cache import digest
from redaction.leaves.json_text import PLAIN_KEY
from redaction.ner import acceptance
from redaction.ner.model import Piece
from redaction.ner.view import View
from redaction.recognizers.keys import KeyClass, classify, snake, whole_value
from redaction.recognizers.numbers import FLOAT, KEY_RECOGNIZER, by_key, by_proof
from redaction.recognizers.personal import is_handle
from redaction.selection import Refused, Selection
from redaction.text import PLACEHOLDER, Hit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redaction.cache import Cache
    from redaction.leaves.json_text import Leaf
    from redaction.ner.model import Entity, NerModel
    from redaction.recognizers.analyzer import Analyzer

_LONGEST_PRODUCT_NAME = 60
_SHOWN = frozenset({"PERSON", "ADDRESS", "LOCATION"})


class Mark(NamedTuple):
    """A hit in one leaf of a record."""

    leaf: int
    hit: Hit


@dataclass(slots=True)
class Record:
    """Leaves that are being read; `done` once `marks` are final."""

    leaves: list[Leaf]
    classes: list[KeyClass]
    key: bytes
    marks: list[Mark] = field(default_factory=list)
    view: View = field(default_factory=View)
    pieces: list[Piece] = field(default_factory=list)
    refused: list[tuple[int, Refused]] = field(default_factory=list)  # by leaf; empty if the marks come from the cache
    done: bool = False


class RecordReader:
    """Runs the rules over records, and caches the final marks of each by its leaves and the classes of their keys."""

    def __init__(
        self, analyzer: Analyzer, model: NerModel, cache: Cache[tuple[Mark, ...]], selection: Selection | None = None
    ) -> None:
        self._analyzer = analyzer
        self._selection = selection or Selection()
        self._model = model
        self._cache = cache

    def read(self, leaves: list[Leaf], *, structured: bool, outer: int = 0) -> Record:
        """Run the rules, and cut what the model must read into pieces; a cached record needs neither.

        The first `outer` keys of every path are not from the text itself, and the model does not see them.
        """
        headings = [self._heading(leaf, outer) for leaf in leaves]
        sibling_kinds: dict[int, set[str]] = {}
        classes = [classify(() if leaf.kind == "key" else leaf.path, leaf.siblings, sibling_kinds) for leaf in leaves]
        parts = [
            part
            for leaf, key, heading in zip(leaves, classes, headings, strict=True)
            for part in (leaf.kind, leaf.text, key.identity, heading)
        ]
        cache_key = digest("record", "s" if structured else "", *parts)
        record = Record(leaves, classes, cache_key, view=View(keys=self._model.reads_keys))
        cached = self._cache.get(record.key)
        if cached is not None:
            record.marks = list(cached)
            record.done = True
            return record
        for index, (leaf, key) in enumerate(zip(leaves, classes, strict=True)):
            hits = self._rules(leaf, key)
            record.marks.extend(Mark(index, hit) for hit in hits)
            if not structured and _may_be_prose(leaf, key):
                view_hits = hits if not self._model.reads_keys else [hit for hit in hits if not _is_shown(hit)]
                record.view.add_leaf(index, leaf.text, covered(view_hits), headings[index])
        for start, piece in record.view.pieces(self._model.max_chars):
            record.pieces.append(Piece(start, piece, digest("piece", piece)))
        return record

    def finish(self, record: Record, answers: Mapping[bytes, tuple[Entity, ...]]) -> None:
        """Add what the model found in the record's pieces; raises KeyError when a piece has no answer."""
        if record.done:
            return
        entities_of: dict[int, list[Entity]] = {}
        for piece in record.pieces:
            for entity in answers[piece.key]:
                placed = record.view.back(entity, piece.start)
                if placed is not None:
                    entities_of.setdefault(placed[0], []).append(placed[1])
        hits_of: dict[int, list[Hit]] = {index: [] for index in entities_of}
        for index, hit in record.marks:
            hits_of.setdefault(index, []).append(hit)
        final: list[Mark] = []
        for index in sorted(hits_of):
            leaf, hits = record.leaves[index], hits_of[index]
            if index in entities_of:
                key_words = record.classes[index].context
                hits += acceptance.findings(leaf.text, entities_of[index], self._model.name, key_words)
            refused: list[Refused] = []
            counted = self._selection.of(leaf.text, hits, refused)
            record.refused.extend((index, one) for one in refused)
            final.extend(Mark(index, hit) for hit in merged(leaf.text, counted))
        record.marks = final
        record.done = True
        self._cache.put(record.key, tuple(final))

    def _heading(self, leaf: Leaf, outer: int) -> str:
        """Return the words of a key for a model that reads keys: it sees them before a string of JSON."""
        if not self._model.reads_keys or leaf.kind != "string" or len(leaf.path) <= outer:
            return ""
        return " ".join(snake(leaf.path[-1]).split("_"))

    def _rules(self, leaf: Leaf, key: KeyClass) -> list[Hit]:
        entity = by_key(leaf.text, key) if leaf.is_number else whole_value(key, leaf.text)
        if entity is None and key.username and not leaf.is_number and is_handle(leaf.text.strip()):
            entity = "USERNAME"
        written_as_float = FLOAT.fullmatch(leaf.text) is not None
        if entity is None and written_as_float:
            entity = by_key(leaf.text, key)
        by_its_key: list[Hit] = []
        if entity is not None and not PLACEHOLDER.search(leaf.text):
            start = len(leaf.text) - len(leaf.text.lstrip())
            by_its_key = [Hit(start, len(leaf.text.rstrip()), entity, KEY_RECOGNIZER, 1.0)]
            if self._selection.of(leaf.text, by_its_key):
                return by_its_key
        # The policy keeps this entity, but the value may also be, or contain, another one.
        proved = by_proof(leaf.text, key, self._analyzer) if leaf.is_number or written_as_float else ()
        matches = () if leaf.is_number else self._analyzer.find(leaf.text, key.context)
        return [*by_its_key, *proved, *matches]


def _is_shown(hit: Hit) -> bool:
    """Whether a model that reads keys may see a hit of a rule, to judge it again; a hit by its key is final."""
    return hit.entity in _SHOWN and hit.recognizer != KEY_RECOGNIZER


def _may_be_prose(leaf: Leaf, key: KeyClass) -> bool:
    """Whether the model should read a leaf; one word under a technical key is an id or an enumeration."""
    if leaf.is_number or (leaf.kind == "key" and PLAIN_KEY.fullmatch(leaf.text) and not leaf.text.isalpha()):
        return False
    if key.product:
        return len(leaf.text) > _LONGEST_PRODUCT_NAME
    return key.prose or " " in leaf.text.strip()
