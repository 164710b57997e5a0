"""Builds the redaction rules from the policy: recognizers, allow and deny lists, and operators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from presidio_analyzer import Pattern as PresidioPattern

from redaction.anonymizer.operators import Operators
from redaction.recognizers.user_patterns import Pattern, TimedRecognizer
from redaction.selection import Allowed, Selection
from redaction.teams import Rulebook, TeamRedactor, Treatment
from schema.policy.redaction import ENTITIES, SECRETS, RedactionPolicy, RedactionRules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redaction.budget import Watch
    from schema.policy.policy import Policy
    from schema.policy.redaction import Action, Listed, RecognizerPart


def rulebook(policy: RedactionPolicy) -> Rulebook:
    """Return the redaction rules of a policy."""
    digits = policy.pseudonym_digits
    return Rulebook(
        default=_treatment(policy.for_team(""), digits),
        strictest=_treatment(policy.strictest(), digits),
        teams={team: _treatment(policy.for_team(team), digits) for team in policy.teams},
        digest="" if policy == RedactionPolicy() else policy.digest,
    )


def build_team_redactor(policy: Policy, pseudonym_key: bytes, watch: Watch | None = None) -> TeamRedactor:
    """Return a redactor for the policy, with its models loaded. Raises RedactionError."""
    return TeamRedactor(rulebook(policy.redaction), master_key=pseudonym_key, watch=watch)


def _treatment(rules: RedactionRules, digits: int) -> Treatment:
    entities = ENTITIES | set(rules.actions) | {part.supported_entity for part in rules.recognizers}
    entities |= {entry.entity for entry in rules.deny}
    actions = {entity: rules.action(entity) for entity in sorted(entities)}
    never = SECRETS | {entry.entity for entry in rules.deny}
    selection = Selection(
        allowed=tuple(_allowed(entry, never) for entry in rules.allow),
        kept=frozenset(entity for entity, action in actions.items() if action == "keep"),
        thresholds=dict(rules.thresholds),
    )
    detection = rules.model_dump_json(include={"thresholds", "allow", "deny", "recognizers", "model"})
    return Treatment(
        detection=f"{detection}{sorted(selection.kept)}",
        selection=selection,
        recognizers=(*map(_recognizer, filter(_enabled, rules.recognizers)), *_denied(rules.deny)),
        operators=Operators(actions, _default(rules), pseudonym_digits=digits),
        model=rules.model,
    )


def _default(rules: RedactionRules) -> Action:
    """Return the action for unlisted entities. It is never `keep`, because they may be secrets."""
    return "replace" if rules.default_action is None or rules.default_action == "keep" else rules.default_action


def _enabled(part: RecognizerPart) -> bool:
    return part.enabled


def _allowed(entry: Listed, never: frozenset[str]) -> Allowed:
    pattern = None if entry.regex is None else Pattern(entry.regex, name=f"{entry.regex} of the allow-list")
    return Allowed(entry.text.casefold().strip(), pattern, frozenset(entry.entities), never)


def _recognizer(part: RecognizerPart) -> TimedRecognizer:
    patterns = [PresidioPattern(p.name or part.name, p.regex, p.score) for p in part.patterns]
    return TimedRecognizer(
        supported_entity=part.supported_entity,
        name=part.name,
        patterns=patterns,
        deny_list=list(part.deny_list),
        deny_list_score=part.deny_list_score,
        context=list(part.context),
    )


def _denied(entries: tuple[Listed, ...]) -> Iterator[TimedRecognizer]:
    """Yield a recognizer with score 1 for each entry of a deny-list."""
    for number, entry in enumerate(entries, 1):
        pattern = entry.regex or rf"(?<!\w){re.escape(entry.text.strip())}(?!\w)"
        yield TimedRecognizer(
            supported_entity=entry.entity,
            name=f"DenyList{number}",
            patterns=[PresidioPattern(f"deny {number}", pattern, 1.0)],
        )
