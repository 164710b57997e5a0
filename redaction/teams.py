"""Redaction by team: each text under the rules of its owner, teams with the same rules by one redactor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from redaction.anonymizer.operators import Operators, team_key
from redaction.models import DEFAULT, build_model
from redaction.recognizers.analyzer import Analyzer, registry
from redaction.redactor import Limits, Redactor
from redaction.selection import Selection
from redaction.version import RULES_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from presidio_analyzer import EntityRecognizer

    from redaction.budget import Watch
    from redaction.ner.model import NerModel
    from redaction.text import Explanation, Redacted, Text

_MOST_KEYS = 10_000


class Owner(NamedTuple):
    """The team that a text belongs to, None if unknown, and the run, whose pseudonyms it gets in that case."""

    team: str | None = None
    run: str = ""


class Cleared(NamedTuple):
    """Attribute keys, and short values under their keys, in which nothing was found; they come with every span.

    `harmless`: by key, how far from zero numbers are certain to be none.
    """

    keys: set[str]
    values: set[tuple[str, str]]
    numbers: set[tuple[str, float]]
    harmless: dict[str, int]


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is found and what is done with it. Those of one `detection` find the same."""

    detection: str = ""
    selection: Selection = field(default_factory=Selection)
    recognizers: tuple[EntityRecognizer, ...] = ()
    operators: Operators = field(default_factory=Operators)
    model: str = ""  # empty: the default


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The treatments of all teams; `strictest` is for texts whose team is not known."""

    default: Treatment = field(default_factory=Treatment)
    strictest: Treatment = field(default_factory=Treatment)
    teams: Mapping[str, Treatment] = field(default_factory=dict)
    digest: str = ""  # of the policy that it was made from

    @property
    def version(self) -> str:
        """Return what is stored with everything that was redacted under these rules."""
        return f"{RULES_VERSION}-{self.digest}" if self.digest else RULES_VERSION

    @property
    def depends_on_owner(self) -> bool:
        """Whether teams differ in their rules or pseudonyms."""
        return bool(self.teams) or self.default.operators.pseudonymous

    def of(self, team: str | None) -> Treatment:
        """Return the treatment of a team."""
        return self.strictest if team is None else self.teams.get(team, self.default)


class TeamRedactor:
    """The redactors of all teams, with one model of each name and one bound on memory; one a process, as Redactor.

    `master_key` is the instance's key for pseudonyms; without it they are plain placeholders.
    """

    def __init__(
        self, rulebook: Rulebook, *, master_key: bytes = b"", limits: Limits | None = None, watch: Watch | None = None
    ) -> None:
        self.rulebook = rulebook
        self._watch = watch
        self._master_key = master_key
        self._keys: dict[str, bytes] = {}
        self._models: dict[str, NerModel] = {}
        treatments = {one.detection: one for one in (rulebook.default, rulebook.strictest, *rulebook.teams.values())}
        self._cleared = {name: Cleared(set(), set(), set(), {}) for name in treatments}
        limits = limits or Limits()
        share = replace(limits, cache_bytes=limits.cache_bytes // len(treatments))
        self._redactors = {name: self._build(treatment, share) for name, treatment in treatments.items()}

    @property
    def failures(self) -> int:
        """How many texts could not be redacted and were removed whole."""
        return sum(redactor.failures for redactor in self._redactors.values())

    def cleared(self, owner: Owner) -> Cleared:
        """Return that in which the rules of this owner found nothing, for the caller to fill and to leave out."""
        return self._cleared[self.rulebook.of(owner.team).detection]

    def harmless_below(self, key: str, owner: Owner) -> int:
        """Return how far from zero a typed number may be under a key and is certain to be no PII; 0: each is read."""
        return self._redactors[self.rulebook.of(owner.team).detection].harmless_below(key)

    def redact_many(self, items: Sequence[Text], owners: Sequence[Owner]) -> list[Redacted]:
        """Redact texts under the rules of their owners, in their order."""
        different = dict.fromkeys(owners)
        how = {owner: self.operators(owner) for owner in different}
        under = {owner: self.rulebook.of(owner.team).detection for owner in different}
        detections = dict.fromkeys(under.values())
        if len(detections) == 1:
            return self._redactors[next(iter(detections))].redact_many(items, [how[owner] for owner in owners])
        answers: dict[int, Redacted] = {}
        for detection in detections:
            members = [index for index, owner in enumerate(owners) if under[owner] == detection]
            operators = [how[owners[index]] for index in members]
            done = self._redactors[detection].redact_many([items[index] for index in members], operators)
            answers.update(zip(members, done, strict=True))
        return [answers[index] for index in range(len(items))]

    def explain(self, item: Text, owner: Owner) -> Explanation:
        """Redact one text and tell what was found in it and left."""
        return self._redactors[self.rulebook.of(owner.team).detection].explain(item, self.operators(owner))

    def operators(self, owner: Owner) -> Operators:
        """Return what is written for findings in texts of this owner."""
        operators = self.rulebook.of(owner.team).operators
        scope = f"run {owner.run}" if owner.team is None else f"team {owner.team}"
        if not self._master_key or scope == "run " or not operators.pseudonymous:
            return operators
        key = self._keys.get(scope)
        if key is None:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            key = self._keys[scope] = team_key(self._master_key, scope)
        return replace(operators, pseudonym_key=key)

    def warm_up(self) -> None:
        """Run everything once, so that the first real text does not pay for it."""
        for redactor in self._redactors.values():
            redactor.warm_up()

    def close(self) -> None:
        """Free the models and forget the caches."""
        for redactor in self._redactors.values():
            redactor.close()

    def _build(self, treatment: Treatment, limits: Limits) -> Redactor:
        name = treatment.model or DEFAULT
        if name not in self._models:
            self._models[name] = build_model(name)
        analyzer = Analyzer(registry(treatment.recognizers))
        return Redactor(
            self._models[name], analyzer=analyzer, limits=limits, selection=treatment.selection, watch=self._watch
        )
