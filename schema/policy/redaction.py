"""The section `redaction` of the policy file: what becomes of findings, for everybody and for single teams."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from schema.policy.trial_compile import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]
"""Keys and indexes from the top of a part to the place in it."""

Action = Literal["replace", "pseudonym", "mask", "drop", "keep"]

STRICTNESS: tuple[Action, ...] = ("keep", "mask", "pseudonym", "replace", "drop")
"""Actions from the one that shows most to the one that shows least."""

SECRETS = frozenset({"API_KEY", "ACCESS_TOKEN", "PRIVATE_KEY", "PASSWORD", "PIN", "CREDENTIALS"})
"""Never kept and never on an allow-list unless they are named."""

MASKABLE = frozenset({"CREDIT_CARD", "IBAN_CODE", "BANK_ACCOUNT", "PHONE_NUMBER"})
"""Entities that reveal little of a person by their last four characters."""

_PERSONAL = (
    "ADDRESS AU_MEDICARE AU_TFN BR_CNPJ BR_CPF CA_SIN CH_AHV CN_RESIDENT_ID CREDIT_CARD_CODE CRYPTO DATE_OF_BIRTH"
    " DE_TAX_ID EMAIL_ADDRESS ES_NIE ES_NIF FR_NIR GEO_COORDINATES ID_NUMBER IN_AADHAAR IN_PAN IP_ADDRESS"
    " IT_FISCAL_CODE KR_RRN LOCATION MAC_ADDRESS MX_CURP NL_BSN PERSON PL_PESEL SE_PERSONAL_NUMBER SG_NRIC_FIN"
    " UK_NHS UK_NINO USERNAME US_ITIN US_SSN"
)
ENTITIES = SECRETS | MASKABLE | frozenset(_PERSONAL.split())
"""The entities of the project's own recognisers and models."""

_MOST_ENTRIES = 20_000  # of lists and recognisers, in all teams together

_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,40}")


def _entity(name: str) -> str:
    if _NAME.fullmatch(name) is None or name == "UNREDACTABLE":
        raise PydanticCustomError("entity", "an entity is written in capitals, as PERSON or EMPLOYEE_ID")
    return name


def _entry(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Entity = Annotated[str, AfterValidator(_entity)]
Regex = Annotated[str, Field(min_length=1, max_length=2000)]
Word = Annotated[str, Field(min_length=1)]
Score = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listed(_Section):
    """An entry of a list: exact words (in any case) or a regular expression for a complete finding."""

    text: str = ""
    regex: Regex | None = None
    entities: tuple[Entity, ...] = ()  # of the allow-list: the only ones it holds for; none: all but secrets
    entity: Entity = "DENIED"  # of the deny-list: what a find is called


class PatternPart(_Section):
    """One pattern of a recogniser."""

    name: str = ""
    regex: Regex
    score: Score


class RecognizerPart(_Section):
    """A recogniser of one's own, in the words of Presidio's YAML."""

    name: str = Field(min_length=1)
    supported_entity: Entity
    patterns: tuple[PatternPart, ...] = ()
    deny_list: tuple[Word, ...] = ()
    deny_list_score: Score = 1.0
    context: tuple[Word, ...] = ()
    type: Literal["custom"] = "custom"
    supported_language: str = "en"
    enabled: bool = True


class RedactionRules(_Section):
    """The treatment of findings; what a team's part leaves out is the same as for all teams."""

    default_action: Action | None = None  # None: replace. Secrets are only kept where they are named in `actions`
    actions: dict[Entity, Action] = {}
    thresholds: dict[Entity, Score] = {}
    allow: tuple[Annotated[Listed, BeforeValidator(_entry)], ...] = ()
    deny: tuple[Annotated[Listed, BeforeValidator(_entry)], ...] = ()
    recognizers: tuple[RecognizerPart, ...] = ()
    model: str = ""  # empty: as for everybody

    def action(self, entity: str) -> Action:
        """Return the action for an entity."""
        own = self.actions.get(entity)
        if own is not None:
            return own
        default = self.default_action or "replace"
        never_kept = entity in SECRETS or any(entry.entity == entity for entry in self.deny)
        return "replace" if default == "keep" and never_kept else default

    def over(self, base: RedactionRules) -> RedactionRules:
        """Return these rules merged over those for all teams: lists add up, single values win."""
        return RedactionRules(
            default_action=self.default_action or base.default_action,
            actions={**base.actions, **self.actions},
            thresholds={**base.thresholds, **self.thresholds},
            allow=base.allow + self.allow,
            deny=base.deny + self.deny,
            recognizers=base.recognizers + self.recognizers,
            model=self.model or base.model,
        )


class RedactionPolicy(RedactionRules):
    """The section `redaction`."""

    pseudonym_digits: int = Field(default=4, ge=4, le=16)
    teams: dict[str, RedactionRules] = {}

    def for_team(self, team: str) -> RedactionRules:
        """Return the rules that hold for a team."""
        return self.teams.get(team, RedactionRules()).over(self)

    def strictest(self) -> RedactionRules:
        """Return rules for texts of an unknown team: under them no text shows more than under its own team's rules."""
        every = [self.for_team(team) for team in ("", *self.teams)]
        own = tuple(part for rules in self.teams.values() for part in rules.recognizers)
        denied = tuple(entry for rules in self.teams.values() for entry in rules.deny)
        named = {entity for rules in every for entity in rules.actions} | SECRETS
        scored = {entity for entity in self.thresholds if all(entity in rules.thresholds for rules in every)}
        return RedactionRules(
            default_action=max((rules.default_action or "replace" for rules in every), key=STRICTNESS.index),
            actions={e: max((rules.action(e) for rules in every), key=STRICTNESS.index) for e in sorted(named)},
            thresholds={entity: min(rules.thresholds[entity] for rules in every) for entity in sorted(scored)},
            allow=self.allow,
            deny=self.deny + denied,
            recognizers=self.recognizers + own,
            model=self.model,
        )

    @property
    def models(self) -> frozenset[str]:
        """Return the names of the models that are used, "" for the default one."""
        return frozenset(self.for_team(team).model for team in ("", *self.teams))

    @property
    def pseudonymous(self) -> bool:
        """Whether anything gets a pseudonym."""
        every = (self, *self.teams.values())
        return any("pseudonym" in {rules.default_action, *rules.actions.values()} for rules in every)

    @property
    def digest(self) -> str:
        """Return 12 hex digits that change with this section."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def problems(self) -> Iterator[tuple[Place, str]]:
        """Yield the place and the text of what is wrong between parts that are right by themselves."""
        own = {part.supported_entity for part in self.recognizers} | {entry.entity for entry in self.deny}
        yield from _problems((), self, own)
        for name, rules in self.teams.items():
            more = {part.supported_entity for part in rules.recognizers} | {entry.entity for entry in rules.deny}
            yield from _problems(("teams", name), rules, own | more)
        yield from self._too_much()
        places = [place for at, rules in self._parts() for place in _patterns(at, rules)]
        verdicts = problems_of([pattern for _, pattern in places])
        yield from ((place, problem) for (place, _), problem in zip(places, verdicts, strict=True) if problem)

    def _parts(self) -> Iterator[tuple[Place, RedactionRules]]:
        """Yield the rules for everybody and those of each team, with their places."""
        yield (), self
        yield from ((("teams", name), rules) for name, rules in self.teams.items())

    def _too_much(self) -> Iterator[tuple[Place, str]]:
        """Yield what is wrong where a worker would hold more entries than it can."""
        entries = [len(rules.allow) + len(rules.deny) + len(rules.recognizers) + 1 for _, rules in self._parts()]
        if sum(entries) + entries[0] * len(self.teams) > _MOST_ENTRIES:
            yield (), f"has more than {_MOST_ENTRIES:,} entries, counting those for everybody once for each team"


def _problems(at: Place, rules: RedactionRules, own: set[str]) -> Iterator[tuple[Place, str]]:
    named: list[tuple[Place, str]] = [(("actions", entity), entity) for entity in rules.actions]
    named += [(("thresholds", entity), entity) for entity in rules.thresholds]
    for index, entry in enumerate(rules.allow):
        named += [(("allow", index, "entities", number), entity) for number, entity in enumerate(entry.entities)]
    for place, entity in named:
        if entity not in ENTITIES | own:
            yield (*at, *place), f"there is no entity {entity}; docs/redaction.md lists them"
    for entity, action in rules.actions.items():
        if action == "mask" and entity not in MASKABLE | own:
            yield (*at, "actions", entity), f"the end of {entity} says too much to mask it: use replace or pseudonym"
    if rules.default_action == "mask":
        yield (*at, "default_action"), "mask is for single entities: name them in actions"
    yield from _incomplete(at, rules)


def _patterns(at: Place, rules: RedactionRules) -> Iterator[tuple[Place, str]]:
    """Yield every regular expression of a part, also those made from its words, with its place."""
    for name, entries in (("allow", rules.allow), ("deny", rules.deny)):
        for index, entry in enumerate(entries):
            if entry.regex is not None:
                yield (*at, name, index, "regex"), entry.regex
    for index, part in enumerate(rules.recognizers):
        place = (*at, "recognizers", index)
        yield from ((((*place, "patterns", number, "regex")), one.regex) for number, one in enumerate(part.patterns))
        if part.deny_list:
            yield (*place, "deny_list"), f"({'|'.join(map(re.escape, part.deny_list))})"  # as Presidio joins them


def _incomplete(at: Place, rules: RedactionRules) -> Iterator[tuple[Place, str]]:
    for name, entries in (("allow", rules.allow), ("deny", rules.deny)):
        for index, entry in enumerate(entries):
            if bool(entry.text.strip()) == (entry.regex is not None):
                yield (*at, name, index), "give either text or regex"
    for index, part in enumerate(rules.recognizers):
        if not (part.patterns or part.deny_list):
            yield (*at, "recognizers", index), "give patterns or a deny_list"
