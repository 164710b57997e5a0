"""The section `ingest_keys` of the policy file: senders, their team, and the dates and limits of their keys."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[str | int, ...]

_BURST_SECONDS = 10
_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # days before and after an instant must exist, too
_SHARED = ("team", "environment", "spans_per_second", "burst_spans", "mib_per_day")


def _instant(value: object, *, end_of_day: bool) -> object:
    """Return the instant of a day or a time, in UTC if it names no zone; of a day its end if `end_of_day`."""
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == len("2026-12-31") else datetime.fromisoformat(value)
        if isinstance(value, date) and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            raise ValueError  # noqa: TRY301 - reported below, with values that are no date
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, date):
            return datetime.combine(value + timedelta(days=end_of_day), time(), UTC)
    except (ValueError, OverflowError):
        pass
    if value is None:
        return None
    raise PydanticCustomError("instant", "must be a UTC day such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z")


def _printable(name: str) -> str:
    if not name.isprintable():
        raise PydanticCustomError("printable", "must be of printable characters: it stands in logs and tables")
    return name


Name = Annotated[str, Field(max_length=200), AfterValidator(_printable)]


class IngestKey(BaseModel):
    """A key that lets a sender in. Only its SHA-256 is kept.

    Keys of one name are one sender: they share team, environment and limits, so that a key is replaced with an overlap.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    team: Name = ""  # stamped on everything that this key sends; empty keeps the sender's own
    environment: Name = ""
    not_before: Annotated[datetime | None, BeforeValidator(partial(_instant, end_of_day=False))] = None
    expires: Annotated[datetime | None, BeforeValidator(partial(_instant, end_of_day=True))] = None  # the first instant
    # when it is refused; a day is the last one that it is good for
    spans_per_second: int | None = Field(default=None, ge=1, le=10_000_000)  # log records and metric points count too
    burst_spans: int | None = Field(default=None, ge=1, le=1_000_000_000)  # at once; None: those of ten seconds
    mib_per_day: int | None = Field(default=None, ge=1, le=1_000_000_000)  # a UTC day, decompressed

    @property
    def burst(self) -> int:
        """How many spans may come at once after a rest; 0 where nothing is limited."""
        return self.burst_spans or (self.spans_per_second or 0) * _BURST_SECONDS

    @property
    def validity(self) -> str:
        """From when to when it is good, for people; empty for a key without dates."""
        start = f"from {_shown(self.not_before)}" if self.not_before else ""
        end = f"to {_shown(self.expires, end_of_day=True)}" if self.expires else ""
        return f"{start} {end}".strip()

    def good_at(self, instant: datetime) -> bool:
        """Whether it lets its sender in at this instant."""
        return not (self.too_early(instant) or self.expired(instant))

    def too_early(self, instant: datetime) -> bool:
        """Whether it is not good yet."""
        return self.not_before is not None and instant < self.not_before

    def expired(self, instant: datetime) -> bool:
        """Whether it is not good any more."""
        return self.expires is not None and instant >= self.expires


def key_problems(keys: Sequence[IngestKey]) -> Iterator[tuple[Place, str]]:
    """Yield the place and the text of each conflict between keys that are valid by themselves."""
    first: dict[str, IngestKey] = {}
    hashes: set[str] = set()
    for index, key in enumerate(keys):
        if key.sha256 in hashes:
            yield (index, "sha256"), "stands twice: a key has one entry"
        hashes.add(key.sha256)
        if key.burst_spans and not key.spans_per_second:
            yield (index, "burst_spans"), "goes with spans_per_second"
        if key.not_before and key.expires and key.not_before >= key.expires:
            yield (index, "expires"), "is before not_before, so the key is never good"
        other = first.setdefault(key.name, key)
        for name in _SHARED:
            if getattr(key, name) != getattr(other, name):
                yield (index, name), f"differs from that of the other entry named {key.name}: one name is one sender"


def _shown(instant: datetime, *, end_of_day: bool = False) -> str:
    if instant.time() == time():
        return f"{(instant - timedelta(days=end_of_day)).date()}"
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
