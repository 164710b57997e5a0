"""The policy file `spanledger.yaml`: who may send, what is redacted, what things cost, how long they are kept.

It belongs in git, so that every change of policy has an author and a diff. No file means safe defaults on loopback.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schema.policy.file import PolicyError, read_policy_text
from schema.policy.ingest_keys import IngestKey, Place, key_problems
from schema.policy.redaction import RedactionPolicy
from schema.policy.yaml_lines import Document, read_yaml, shown
from schema.usage_units import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "AttributeKeys",
    "IngestKey",
    "ModelPrice",
    "Policy",
    "PolicyError",
    "Retention",
    "RetentionRule",
    "Runs",
    "load_policy",
    "parse_policy",
]


_SHOWN = 20  # problems of a file that are listed; the rest are counted
_QUOTING = (yaml.composer.ComposerError, yaml.constructor.ConstructorError)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Key = Annotated[str, Field(min_length=1, max_length=255)]


class AttributeKeys(_Part):
    """Which attribute keys feed a canonical column; the first hit wins, on the span, its ancestors, the resource."""

    team: tuple[Key, ...] = ("spanledger.team", "agentops.team", "team", "service.namespace")
    workflow: tuple[Key, ...] = ("spanledger.workflow", "gen_ai.workflow.name", "agentops.workflow", "workflow")
    workflow_version: tuple[Key, ...] = (
        "spanledger.workflow.version",
        "agentops.workflow.version",
        "gen_ai.agent.version",
        "service.version",
    )
    session: tuple[Key, ...] = ("session.id", "gen_ai.conversation.id")
    user: tuple[Key, ...] = ("user.id", "enduser.id")
    environment: tuple[Key, ...] = ("deployment.environment.name", "deployment.environment")


Rate = Annotated[Decimal, Field(ge=0, le=10_000)]


def _unit(name: str) -> str:
    if name not in UNITS:
        raise PydanticCustomError(
            "unknown_unit",
            "is no unit that calls are counted in; these are: {units}",
            {"units": ", ".join(sorted(UNITS))},
        )
    return name


Unit = Annotated[str, AfterValidator(_unit)]
_BY_TOKEN = ("input_per_million", "output_per_million", "cached_input_per_million", "cache_write_per_million")


class ModelPrice(_Part):
    """A price of our own for a model; wins over the public price list.

    Either by token, in USD a million tokens, or by second, in USD a second that the call takes (self-hosted models).
    """

    model: str = Field(min_length=1)
    provider: str = ""  # empty: any provider
    since: date | None = None  # the first UTC day it holds for; the latest one that a call's start has reached wins
    per_second: Decimal | None = Field(default=None, ge=0, le=10_000)
    input_per_million: Decimal | None = Field(default=None, ge=0, le=10_000)
    output_per_million: Decimal | None = Field(default=None, ge=0, le=10_000)
    cached_input_per_million: Decimal | None = Field(default=None, ge=0, le=10_000)  # None: like input
    cache_write_per_million: Decimal | None = Field(default=None, ge=0, le=10_000)  # None: like input
    service_tier: str = ""  # empty: the standard tier; a price by second holds for every tier
    per_million: dict[Unit, Rate] = Field(default_factory=dict)  # tokens of a kind of their own: audio, images, ...
    per_thousand: dict[Unit, Rate] = Field(default_factory=dict)  # searches and other fees

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_token = [name for name in _BY_TOKEN if getattr(self, name) is not None]
        missing = [name for name in _BY_TOKEN[:2] if name not in by_token]
        by_token += [name for name in ("per_million", "per_thousand") if getattr(self, name)]
        if self.per_second is not None and by_token:
            raise PydanticCustomError(
                "two_ways",
                "{field} does not go with per_second: a price is by token or by second",
                {"field": by_token[0]},
            )
        if self.per_second is None and missing:
            raise PydanticCustomError(
                "no_price",
                "{field} is missing: a price has input_per_million and output_per_million, or per_second",
                {"field": missing[0]},
            )
        return self


class RetentionRule(_Part):
    """How long spans of one team, or of one of its workflows, are kept."""

    team: str
    workflow: str = ""  # empty: every workflow of the team
    days: int = Field(ge=7, le=180)


class Retention(_Part):
    """Days until a span is deleted; the most specific rule wins."""

    days: int = Field(default=30, ge=7, le=180)
    rules: tuple[RetentionRule, ...] = ()

    def days_for(self, team: str, workflow: str) -> int:
        """Return the days that spans of this team and workflow are kept."""
        days = self.days
        for rule in self.rules:
            if rule.team == team:
                if rule.workflow == workflow:
                    return rule.days
                if not rule.workflow:
                    days = rule.days
        return days


class Runs(_Part):
    """The time after which a run without a root is closed."""

    closed_after_minutes: int = Field(default=10, ge=1, le=1440)  # since the last of its spans was stored


class Policy(_Part):
    """The policy file."""

    ingest_keys: tuple[IngestKey, ...] = ()
    attributes: AttributeKeys = AttributeKeys()
    prices: tuple[ModelPrice, ...] = ()
    retention: Retention = Retention()
    runs: Runs = Runs()
    redaction: RedactionPolicy = RedactionPolicy()

    def problems(self) -> Iterator[tuple[Place, str]]:
        """Yield the place and the text of each conflict between parts that are valid by themselves."""
        for section, problems in (
            ("ingest_keys", key_problems(self.ingest_keys)),
            ("attributes", self._unstampable()),
            ("redaction", self.redaction.problems()),
        ):
            yield from (((section, *place), problem) for place, problem in problems)

    def _unstampable(self) -> Iterator[tuple[Place, str]]:
        for column in ("team", "environment"):
            if not getattr(self.attributes, column) and any(getattr(key, column) for key in self.ingest_keys):
                yield (column,), f"is empty, so the {column} of an ingest key has no attribute to be stamped on"


def load_policy(path: Path | None) -> Policy:
    """Read the policy file; `None` gives the defaults. Raises PolicyError, which names file, line and place."""
    return Policy() if path is None else parse_policy(read_policy_text(path), path)


def parse_policy(text: str, path: Path) -> Policy:
    """Return the policy that a text describes. Raises PolicyError, which names the `path`, line and place."""
    try:
        return _parsed(text, path)
    except PolicyError:
        raise
    except Exception as error:  # noqa: BLE001 - no text may end the process that reads it
        raise PolicyError(f"{path}: cannot be read as a policy ({type(error).__name__})") from None


def _parsed(text: str, path: Path) -> Policy:
    try:
        document = read_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = f"{error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise PolicyError(f"{path}:{line} is not valid YAML ({_unquoted(error)})") from None
    except yaml.reader.ReaderError as error:
        raise PolicyError(f"{path}: is not valid YAML ({error.reason})") from None
    if document.content is None:
        return Policy()
    try:
        policy = Policy.model_validate(document.content)
    except ValidationError as error:
        # The values themselves stay out: a key pasted in the wrong place must not end up in a log.
        problems = [
            (problem["loc"], problem["msg"]) for problem in error.errors(include_input=False, include_url=False)
        ]
        raise PolicyError(_format_problems(path, document, problems)) from None
    between = list(policy.problems())
    if between:
        raise PolicyError(_format_problems(path, document, between))
    return policy


def _unquoted(error: yaml.MarkedYAMLError) -> str:
    """Return the problem without the names of aliases and tags: a key pasted bare may look like one."""
    problem = str(error.problem)
    return problem.partition(" '")[0] if isinstance(error, _QUOTING) or "tag handle" in problem else problem


def _format_problems(path: Path, document: Document, problems: Sequence[tuple[Place, str]]) -> str:
    sentences = [
        f"{path}:{document.line(place)}: {'.'.join(map(shown, place)) or 'the file'}: {problem}"
        for place, problem in problems[:_SHOWN]
    ]
    more = len(problems) - _SHOWN
    return "; ".join([*sentences, f"and {more} more"] if more > 0 else sentences)
