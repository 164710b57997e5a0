"""Fills the slots of templates with names, places and words, and keeps the places of their labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from redaction.training.values import SLOT, Values

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_TITLES = ("Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "Mr", "Mrs", "Ms", "Dr", "Miss", "Sir")


class Label(NamedTuple):
    """Characters `start` to `end` of a text must be found as `label`, one of redaction.tagger.tagger.LABELS."""

    start: int
    end: int
    label: str

    def moved(self, by: int) -> Label:
        """Return the same label, moved."""
        return self._replace(start=self.start + by, end=self.end + by)


@dataclass(slots=True)
class Labelled:
    """A text and its labels."""

    text: str = ""
    labels: list[Label] = field(default_factory=list)

    def add(self, text: str, label: str = "") -> None:
        """Append a text, with or without a label for all of it."""
        if label and text:
            self.labels.append(Label(len(self.text), len(self.text) + len(text), label))
        self.text += text

    def join(self, other: Labelled) -> None:
        """Append another labelled text."""
        self.labels += [label.moved(len(self.text)) for label in other.labels]
        self.text += other.text


class Slots:
    """All values that a template can have slots for."""

    def __init__(self, rng: Random, seed: int) -> None:
        self.values = values = Values(rng, seed)
        self._filled: dict[str, Callable[[str], tuple[str, str]]] = {
            "full": lambda locale: (values.full(locale), "PERSON"),
            "first": lambda locale: (values.first(locale), "PERSON"),
            "last": lambda locale: (values.last(locale), "PERSON"),
            "city": lambda locale: (values.city(locale), "CITY"),
            "street": lambda locale: (values.street(locale), "ADDRESS"),
            "street_address": lambda locale: (values.street_address(locale), "ADDRESS"),
            "address": lambda locale: (values.address(locale), "ADDRESS"),
            "native": lambda locale: (values.native(locale), "ADDRESS"),
            "corner": lambda locale: (values.corner(locale), "ADDRESS"),
            "zip": lambda locale: (values.zip(locale), "ADDRESS"),
            "number": lambda _: (values.number(), ""),
            "handle": lambda locale: (values.handle(locale), "PERSON"),
            "phone": lambda locale: (values.phone(locale), "PHONE_NUMBER"),
            "email": lambda locale: (values.email(locale), ""),
            "country": lambda _: (rng.choice(values.places.countries), ""),
            "state": lambda _: (rng.choice(values.places.states), ""),
            "title": lambda _: (rng.choice(_TITLES), ""),
            "org": lambda locale: (values.org(locale), ""),
        }

    def fill(self, template: str, locale: str = "") -> Labelled:
        """Fill a template; with a locale, all people and places come from it."""
        made = Labelled()
        position = 0
        for slot in SLOT.finditer(template):
            made.add(template[position : slot.start()])
            position = slot.end()
            fill = self._filled.get(slot[1])
            if slot[1] == "local":
                made.add(self.values.things.translated({"no_NO": "nb"}.get(locale, locale.split("_", maxsplit=1)[0])))
            elif slot[1] == "date" and locale:
                made.add(self._date(locale))
            elif fill is None:
                made.add(self.values.things.make(slot[1]))
            else:
                made.add(*fill(locale or self.values.locale()))
        made.add(template[position:])
        return made

    def _date(self, locale: str) -> str:
        """A date as the locale writes it, half of the time in words."""
        rng, pool = self.values.rng, self.values.pools[locale]
        if rng.random() < 0.5:
            return self.values.things.date()
        month, weekday, day, year = (
            rng.choice(pool.month),
            rng.choice(pool.weekday),
            rng.randint(1, 28),
            rng.randint(1990, 2030),
        )
        return rng.choice(
            [f"{day} {month}", f"{day}. {month} {year}", month, f"{month} {year}", weekday, f"{weekday}, {day} {month}"]
        )
