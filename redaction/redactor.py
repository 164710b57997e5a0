"""The entry point of redaction: takes texts, returns redacted texts and their findings."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

from redaction.anonymizer.operators import UNREDACTED_CONTENT_REMOVED, Operators
from redaction.anonymizer.splice import Splice, apart, place, spliced
from redaction.budget import Allowance, Unwatched
from redaction.cache import Cache, digest
from redaction.errors import TextTooLong, TimeLimitExceeded, Unredactable
from redaction.leaves.array_items import elements
from redaction.leaves.json_text import Leaf, leaves, typed
from redaction.models import DEFAULT, build_model
from redaction.ner.batching import ModelReader
from redaction.recognizers import user_patterns
from redaction.recognizers.analyzer import Analyzer
from redaction.recognizers.keys import classify, key_identity
from redaction.recognizers.numbers import KEY_RECOGNIZER, harmless_below
from redaction.record import Mark, Record, RecordReader
from redaction.repetition import Repetition, is_opaque, repeated
from redaction.selection import Selection
from redaction.text import UNREDACTABLE, Decision, Explanation, Finding, Redacted, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from redaction.budget import Watch
    from redaction.ner.model import Entity, NerModel, Piece

_PLACEHOLDERS = Operators()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of work and memory. A text that passes a limit of work is removed and replaced by a marker.

    Seconds are CPU time. The rules have `seconds` for a text, and one more for each `pace` characters; for all texts of
    a call `request_seconds`, and more by the same pace and by that of the model. `cache_bytes` bounds all caches.
    """

    characters: int = 2_000_000
    seconds: float = 1.0
    request_seconds: float = 5.0
    pace: int = 20_000  # characters; the rules read 300,000 of ordinary text in a second, 40,000 of the slowest known
    cache_bytes: int = 64 << 20

    def of(self, characters: int) -> float:
        """Return the seconds that the rules have for a text of this length."""
        return self.seconds + characters / self.pace


@dataclass(frozen=True, slots=True)
class _Known:
    """The splices of a part of a text, in characters of that part; `opaque` as in repetition.is_opaque."""

    splices: tuple[Splice, ...]
    opaque: bool = False

    def __len__(self) -> int:
        return len(self.splices)


@dataclass(slots=True)
class _Part:
    """A part of a text: an element if the text is an array, else all of it."""

    start: int
    text: str
    key: bytes
    known: _Known | None = None
    records: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    """A text that is being redacted."""

    text: Text
    key: bytes
    parts: list[_Part] = field(default_factory=list)
    allowed: float = 0.0  # seconds of CPU time that the model may take for it
    seconds: float = 0.0  # ... and has taken so far
    error: Exception | None = None
    splices: tuple[Splice, ...] = ()

    @property
    def pieces(self) -> Iterator[Piece]:
        """The pieces that the model must read."""
        return (piece for part in self.parts for record in part.records for piece in record.pieces)

    @property
    def path(self) -> tuple[str, ...]:
        """The path of the text: its attribute key, if it has one."""
        return (self.text.key,) if self.text.key else ()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep an error of this text from the others."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - after any error, the text must not pass as redacted
            self.error = self.error or error


class Redactor:
    """Redacts texts; one a process, not for two threads at the same time.

    A text gives the same result under keys of one class, independent of other texts and of the caches.
    It fails closed: a text that raises an error or passes a limit becomes a marker with one UNREDACTABLE finding.
    """

    def __init__(
        self,
        model: NerModel,
        *,
        analyzer: Analyzer | None = None,
        limits: Limits | None = None,
        selection: Selection | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.failures = 0
        self._watch = watch or Unwatched()
        self._model = model
        share = self.limits.cache_bytes // 4
        self._known: Cache[_Known] = Cache(2 * share)
        self._known_records: Cache[tuple[Mark, ...]] = Cache(share)
        self._known_pieces: Cache[tuple[Entity, ...]] = Cache(share)
        self._selection = selection or Selection()
        self._analyzer = analyzer or Analyzer()
        self._records = RecordReader(self._analyzer, model, self._known_records, self._selection)
        self._reader = ModelReader(model, self._known_pieces)

    def redact(self, text: str, key: str = "", *, structured: bool = False) -> Redacted:
        """Redact one text with the attribute key that it came under."""
        return self.redact_many([Text(text, key, structured)])[0]

    def redact_many(self, items: Sequence[Text], operators: Sequence[Operators] = ()) -> list[Redacted]:
        """Redact texts, in their order; equal texts are redacted once.

        `operators` has for each text the operators of its findings; the default writes placeholders. Equal texts may
        have different operators: caches hold findings only.
        """
        known: dict[Text, tuple[Splice, ...]] = {}
        drafts: dict[bytes, _Draft] = {}
        waiting: list[tuple[Text, _Draft]] = []
        for item in dict.fromkeys(items):  # most texts of a request repeat: keys, names, labels
            key = _key(item, item.text)
            cached = self._known.get(key)
            if cached is not None:
                known[item] = cached.splices
            else:
                waiting.append((item, drafts.setdefault(key, _Draft(item, key))))
        self._work(list(drafts.values()))
        known.update((item, draft.splices) for item, draft in waiting if draft.error is None)
        errors = {item: draft.error for item, draft in waiting if draft.error is not None}
        answers: list[Redacted] = []
        written: dict[tuple[Text, int], Redacted] = {}
        for item, used in zip(items, operators or repeat(_PLACEHOLDERS, len(items)), strict=True):
            answer = written.get((item, id(used)))
            if answer is None:
                answer = self._removed(item, errors[item]) if item in errors else spliced(item.text, known[item], used)
                written[item, id(used)] = answer
            answers.append(answer)
        return answers

    def harmless_below(self, key: str) -> int:
        """Return a bound for a key: numbers closer to zero are certainly no PII there. 0: every number is read."""
        return harmless_below(classify((key,)), self._analyzer)

    def explain(self, item: Text, operators: Operators) -> Explanation:
        """Redact one text and return all decisions, refused hits included. It reads past the caches, so it is slow."""
        for cache in (self._known, self._known_records):
            cache.clear()
        draft = _Draft(item, _key(item, item.text))
        self._work([draft])
        if draft.error is not None:
            return Explanation(self._removed(item, draft.error))
        redacted = spliced(item.text, draft.splices, operators)
        decisions = [self._decision(item, finding, operators) for finding in redacted.findings]
        for part in draft.parts:
            for record in part.records:
                for leaf, (hit, reason) in record.refused:
                    finding = place(record.leaves[leaf], hit).moved(part.start).finding
                    decisions.append(Decision(finding, self._context(item, finding), "keep", reason=reason))
        return Explanation(redacted, tuple(sorted(decisions)))

    def _decision(self, item: Text, finding: Finding, operators: Operators) -> Decision:
        written = operators.write(finding.entity, item.text[finding.start : finding.end])
        return Decision(finding, self._context(item, finding), operators.action(finding.entity), written)

    def _context(self, item: Text, finding: Finding) -> str:
        if finding.recognizer == KEY_RECOGNIZER:
            return "its key"
        return self._analyzer.context(finding.recognizer, finding.entity, item.text, finding.start)

    def warm_up(self) -> None:
        """Redact a sample once, so that the first real text is not slowed by loading."""
        self.redact("Call Ann Example at +1 415 555 0100 about order ORD-1.", "input.value")

    def close(self) -> None:
        """Free the model and clear the caches; the redactor cannot be used afterwards."""
        self._model.close()
        for cache in (self._known, self._known_records, self._known_pieces):
            cache.clear()

    def _work(self, drafts: Sequence[_Draft]) -> None:
        characters = sum(len(draft.text.text) for draft in drafts)
        by_length = characters / self.limits.pace + characters / self._model.pace
        request = Allowance(self.limits.request_seconds + by_length)
        for draft in drafts:
            with draft.watched():
                self._begin(draft, request)
                self._read(draft)
        readable = [draft for draft in drafts if draft.error is None]
        self._watch.between()
        answers = self._reader.answers(readable)
        for draft in readable:
            with draft.watched():
                self._begin(draft, request)
                for part in draft.parts:
                    if part.known is None:
                        part.known = self._finished(part, answers, draft.text)
                        self._known.put(part.key, part.known)
                draft.splices = self._joined(draft)
            if draft.error is None and len(draft.parts) > 1:
                self._known.put(draft.key, _Known(draft.splices))
        self._watch.between()

    def _begin(self, draft: _Draft, request: Allowance) -> None:
        """Start the work on a text. Raises Unredactable if it is too long, has stalled before, or no time is left."""
        characters = len(draft.text.text)
        if characters > self.limits.characters:
            raise TextTooLong(f"{characters} characters, the limit is {self.limits.characters}")
        if request.spent:
            raise TimeLimitExceeded(f"what came with it took more than {request.seconds:.1f} s")
        seconds = self.limits.of(characters)
        draft.allowed = self.limits.seconds + characters / self._model.pace
        self._watch.begin(draft.key, characters, seconds)
        user_patterns.begin(seconds)

    def _read(self, draft: _Draft) -> None:
        """Take a text apart, and run the rules over the parts that are not cached."""
        item = draft.text
        allowance = Allowance(self.limits.of(len(item.text)))
        for start, end in elements(item.text):
            text = item.text[start:end]
            part = _Part(start, text, _key(item, text))
            draft.parts.append(part)
            part.known = self._known.get(part.key)
            groups: dict[int, list[Leaf]] = {}
            read = typed if item.number else leaves
            for leaf in read(text, draft.path) if part.known is None else ():
                groups.setdefault(leaf.group, []).append(leaf)
            for members in groups.values():
                part.records.append(self._records.read(members, structured=item.structured, outer=len(draft.path)))
                if allowance.spent:
                    raise TimeLimitExceeded(f"more than {allowance.seconds:.1f} s")

    def _finished(self, part: _Part, answers: Mapping[bytes, tuple[Entity, ...]], item: Text) -> _Known:
        for record in part.records:
            self._records.finish(record, answers)
        found = [(record.leaves[mark.leaf], mark.hit) for record in part.records for mark in record.marks]
        members = [leaf for record in part.records for leaf in record.leaves]
        if not item.structured:
            found += [(leaf, hit) for leaf, hit in repeated(members, found) if self._selection.of(leaf.text, [hit])]
        is_one_of_many = len(part.text) < len(item.text)
        return _Known(apart(place(leaf, hit) for leaf, hit in found), is_one_of_many and is_opaque(part.text, members))

    def _joined(self, draft: _Draft) -> tuple[Splice, ...]:
        """Join the splices of all parts, and find the names of each part in the others."""
        known = [(part, part.known) for part in draft.parts if part.known is not None]
        splices = [splice.moved(part.start) for part, found in known for splice in found.splices]
        if len(known) == 1 or draft.text.structured:
            return tuple(splices)
        repetition = Repetition(draft.text.text, splices, hidden=any(found.opaque for _, found in known))
        for part, found in known:
            again = repetition.find(part.text, part.start, draft.path, opaque=found.opaque)
            splices += [splice for splice in again if self._counts(draft.text.text, splice.finding)]
        return apart(splices)

    def _counts(self, text: str, finding: Finding) -> bool:
        return not self._selection.refuse(text[finding.start : finding.end], finding.entity, finding.score)

    def _removed(self, item: Text, error: Exception | None) -> Redacted:
        self.failures += 1
        # The message of an error that is not ours may quote the text: only its type is logged.
        reason = str(error) if isinstance(error, Unredactable) else "an unexpected error"
        log.error("A text could not be redacted and was removed whole: %s (%s)", type(error).__name__, reason)
        finding = Finding(0, len(item.text), UNREDACTABLE, type(error).__name__, 1.0)
        return Redacted(UNREDACTED_CONTENT_REMOVED, (finding,))


def _key(item: Text, text: str) -> bytes:
    return digest("text", text, key_identity(item.key), "n" if item.number else "s" if item.structured else "")


def build_redactor(
    model_directory: Path | None = None, *, model: str = DEFAULT, limits: Limits | None = None
) -> Redactor:
    """Build the redactor of worker processes and the command line.

    Models: "tagger", fast, ships with the package; "rampart", thorough, prepared once by `python -m redaction.models`.
    Raises as redaction.models.build_model does.
    """
    return Redactor(build_model(model, model_directory), limits=limits)
