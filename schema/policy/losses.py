"""Protections of one policy that are missing in another: removed entries, not changed values.

A file that is cut off between two lines is valid YAML with fewer entries. Fewer ingest keys admit less, so they are no
loss here; the last key is, and collector/service/policy_reload.py keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.policy.redaction import STRICTNESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.policy.policy import IngestKey, Policy
    from schema.policy.redaction import RedactionRules

_BOUND = ("team", "environment", "expires", "spans_per_second", "mib_per_day")


def losses(before: Policy, after: Policy) -> list[str]:
    """Return a name for each protection of `before` that is gone from `after`."""
    return list(dict.fromkeys([*_redaction(before, after), *_retention(before, after), *_keys(before, after)]))


def sections_gone(before: Policy, after: Policy) -> list[str]:
    """Return the sections that stood in one file and do not stand in the other."""
    return sorted(before.model_fields_set - after.model_fields_set)


def _redaction(before: Policy, after: Policy) -> Iterator[str]:
    for team in ("", *before.redaction.teams):
        suffix = f" of team {team}" if team else ""
        old, new = before.redaction.for_team(team), after.redaction.for_team(team)
        yield from (f"{name}{suffix}" for name in _rules(old, new))


def _rules(old: RedactionRules, new: RedactionRules) -> Iterator[str]:
    kept = {part.name for part in new.recognizers}
    yield from (f"recognizer {part.name}" for part in old.recognizers if part.name not in kept)
    if gone := len({*old.deny} - {*new.deny}):
        yield f"{gone} of the deny-list"
    for entity in sorted(old.actions.keys() - new.actions.keys()):
        if STRICTNESS.index(new.action(entity)) < STRICTNESS.index(old.action(entity)):
            yield f"action for {entity}"
    if old.default_action == "drop" and new.default_action is None:
        yield "default_action"
    if old.model and not new.model:
        yield f"model {old.model}"


def _retention(before: Policy, after: Policy) -> Iterator[str]:
    stated = {(rule.team, rule.workflow) for rule in after.retention.rules}
    for rule in before.retention.rules:
        longer = after.retention.days_for(rule.team, rule.workflow) > rule.days
        if longer and (rule.team, rule.workflow) not in stated:
            yield f"retention of team {rule.team}"


def _keys(before: Policy, after: Policy) -> Iterator[str]:
    now: dict[str, IngestKey] = {key.sha256: key for key in after.ingest_keys}
    for key in before.ingest_keys:
        if key.sha256 in now:
            for name in _BOUND:
                if getattr(key, name) and not getattr(now[key.sha256], name):
                    yield f"{name} of ingest key {key.name}"
