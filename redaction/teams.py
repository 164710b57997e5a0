"""Redaction by team: each text gets the rules of its owner; teams with the same rules share a redactor."""

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
    """The team that a text belongs to, None if unknown; a text of no known team gets the pseudonyms of its `run`."""

    team: str | None = None
    run: str = ""


class Cleared(NamedTuple):
    """Attribute keys, and short values with their keys, without findings: they repeat in every span.

    `harmless`: a bound for each key, see Redactor.harmless_below.
    """

    keys: set[str]
    values: set[tuple[str, str]]
    numbers: set[tuple[str, float]]
    harmless: dict[str, int]


@dataclass(frozen=True, slots=True)
class Treatment:
    """Rules and operators of a team. Treatments with equal `detection` find the same."""

    detection: str = ""
    selection: Selection = field(default_factory=Selection)
    recognizers: tuple[EntityRecognizer, ...] = ()
    operators: Operators = field(default_factory=Operators)
    model: str = ""  # empty: the default


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The treatments of all teams; `strictest` is for texts of no known team."""

    default: Treatment = field(default_factory=Treatment)
    strictest: Treatment = field(default_factory=Treatment)
    teams: Mapping[str, Treatment] = field(default_factory=dict)
    digest: str = ""  # of its policy

    @property
    def version(self) -> str:
        """Return the version that is stored with every row redacted under these rules."""
        return f"{RULES_VERSION}-{self.digest}" if self.digest else RULES_VERSION

    @property
    def depends_on_owner(self) -> bool:
        """Whether teams differ in their rules or pseudonyms."""
        return bool(self.teams) or self.default.operators.pseudonymous

    def of(self, team: str | None) -> Treatment:
        """Return the treatment of a team."""
        return self.strictest if team is None else self.teams.get(team, self.default)


class TeamRedactor:
    """The redactors of all teams, which share models and a memory limit; one a process, as Redactor.

    `master_key` is the instance's key for pseudonyms; without it, placeholders are written instead.
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
        """How many texts could not be redacted and were removed."""
        return sum(redactor.failures for redactor in self._redactors.values())

    def cleared(self, owner: Owner) -> Cleared:
        """Return the keys and values without findings under this owner's rules; the caller fills it and skips them."""
        return self._cleared[self.rulebook.of(owner.team).detection]

    def harmless_below(self, key: str, owner: Owner) -> int:
        """Return the bound of Redactor.harmless_below under the rules of this owner."""
        return self._redactors[self.rulebook.of(owner.team).detection].harmless_below(key)

    def redact_many(self, items: Sequence[Text], owners: Sequence[Owner]) -> list[Redacted]:
        """Redact texts under the rules of their owners, in their order."""
        different = dict.fromkeys(owners)
        operators_of = {owner: self.operators(owner) for owner in different}
        detection_of = {owner: self.rulebook.of(owner.team).detection for owner in different}
        detections = dict.fromkeys(detection_of.values())
        if len(detections) == 1:
            return self._redactors[next(iter(detections))].redact_many(items, [operators_of[owner] for owner in owners])
        answers: dict[int, Redacted] = {}
        for detection in detections:
            members = [index for index, owner in enumerate(owners) if detection_of[owner] == detection]
            operators = [operators_of[owners[index]] for index in members]
            done = self._redactors[detection].redact_many([items[index] for index in members], operators)
            answers.update(zip(members, done, strict=True))
        return [answers[index] for index in range(len(items))]

    def explain(self, item: Text, owner: Owner) -> Explanation:
        """Redact one text and return all decisions, refused hits included."""
        return self._redactors[self.rulebook.of(owner.team).detection].explain(item, self.operators(owner))

    def operators(self, owner: Owner) -> Operators:
        """Return the operators for findings in texts of this owner."""
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
        """Redact a sample once, so that the first real text is not slowed by loading."""
        for redactor in self._redactors.values():
            redactor.warm_up()

    def close(self) -> None:
        """Free the models and clear the caches."""
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
