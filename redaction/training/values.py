"""Generates names, addresses and numbers of people, of many locales and in many forms."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redaction.tagger.words import folded
from redaction.training.sources import LOCALES, Places, census, lexicon_codes, locale_fakers, ordinary_words
from redaction.training.things import Things
from redaction.training.vocabulary import templates, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from faker import Faker

SLOT = re.compile(r"\{(\w+)\}")


@dataclass
class Pool:
    """Values of one locale."""

    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    street: list[str] = field(default_factory=list)
    city: list[str] = field(default_factory=list)
    zip: list[str] = field(default_factory=list)
    phone: list[str] = field(default_factory=list)
    native: list[str] = field(default_factory=list)
    month: list[str] = field(default_factory=list)
    weekday: list[str] = field(default_factory=list)


_POOL = {
    "first": ("first_name", 300),
    "last": ("last_name", 300),
    "street": ("street_name", 250),
    "city": ("city", 200),
    "zip": ("postcode", 60),
    "phone": ("phone_number", 100),
    "native": ("address", 200),
    "month": ("month_name", 100),
    "weekday": ("day_of_week", 60),
}
_ENGLISH = ("en_US", "en_GB", "en_IN", "en_CA", "en_AU", "en_NZ", "en_IE")
_LATIN = tuple(words("latin_locales"))
_COMMON_NAMES, _COMMON_SURNAMES = words("common_names"), words("common_surnames")
_STREET_KINDS, _STREET_NAMES = words("street_kinds"), words("street_names")
_SUFFIXES = ("Jr.", "Sr.", "II", "III", "MD", "PhD", "Ph.D.", "DDS", "DVM", "Esq.", "CPA")
_PARTICLES = (
    "de", "van", "von", "al", "bin", "da", "di", "van der", "de la",
    "el", "ten", "ter", "van den", "af", "dos", "ibn",
)  # fmt: skip
_PHONES = (
    "###-###-####", "(###) ###-####", "###.###.####", "## ### ###", "##-##-##-##", "#### ####", "0### ### ###",
    "0## ## ## ##", "## ## ## ##", "(0#) #### ####", "0###-######", "0#.##.##.##.##", "### ### ##",
    "## ## ##", "##### ## ## ##", "#### #######", "### ## ###", "## ### ## ##", "### ### ###", "## #######",
    "#####-#####",
)  # fmt: skip
_UNITS = ("Apt", "Apt.", "Suite", "Unit", "Flat", "Apartment", "Ste", "Ste.", "#", "Room", "Floor", "apt.", "Bldg")
_EASTERN = {
    "zh_CN": (
        "[city][district]区[street_name]{n}号",
        "[city_name]市[district]区[street_name]{n}号{n}室",
        "[province][city][street_name]{n}号",
    ),
    "zh_TW": ("[city][street_name]{n}號", "[city][street_name]{n}巷{n}號{n}樓"),
    "ja_JP": (
        "[prefecture][city][town]{n}-{n}-{n}",
        "[city][town]{n}丁目{n}-{n}",
        "〒[postcode] [prefecture][city][town]{n}-{n}",
    ),
}
"""Short forms of addresses that Faker does not generate."""
_MARGINS = ("> ", ">", ">> ", "| ", "# ", "// ", "* ", "- ", "?? ", "?", "\t", "    ", ": ")
_ADDRESSES = templates("forms")


class Values:
    """Generators of personal data; the same random state gives the same values."""

    def __init__(self, rng: Random, seed: int) -> None:
        self.rng = rng
        self.places = Places()
        codes = lexicon_codes(self.places)
        self.things = Things(rng, ordinary_words(codes), codes)
        fakers = locale_fakers(seed)
        self._east = {locale: fakers[locale] for locale in _EASTERN}
        self.pools = {locale: _pool(made, fakers["en_US"]) for locale, made in fakers.items()}
        self._firsts = census("female.first")[:3000] + census("male.first")
        lasts = census("last")
        self._lasts = rng.choices(lasts, [(index + 20) ** -0.4 for index in range(len(lasts))], k=40_000)
        self._cities = rng.choices(self.places.names, self.places.weights, k=40_000)

    def locale(self) -> str:
        """Pick a locale for an English text: half of the people have names from the rest of the world."""
        dice = self.rng.random()
        if dice < 0.45:
            return self.rng.choice(_ENGLISH)
        return self.rng.choice(_LATIN) if dice < 0.95 else self.rng.choice(LOCALES)

    def first(self, locale: str) -> str:
        """A given name."""
        dice = self.rng.random()
        if locale in _ENGLISH:
            if dice < 0.1:
                return self.rng.choice(_COMMON_NAMES)
            if dice < 0.5:
                return self.rng.choice(self._firsts)
        return self.things.invented() if dice > 0.97 and locale in _LATIN else self.rng.choice(self.pools[locale].first)

    def last(self, locale: str) -> str:
        """A family name."""
        dice = self.rng.random()
        if locale in _ENGLISH:
            if dice < 0.08:
                return self.rng.choice(_COMMON_SURNAMES)
            if dice < 0.55:
                return self.rng.choice(self._lasts)
        return self.things.invented() if dice > 0.96 and locale in _LATIN else self.rng.choice(self.pools[locale].last)

    def full(self, locale: str) -> str:
        """A full name in one of many forms."""
        if not self.pools[locale].first[0].isascii() and locale in {"zh_CN", "zh_TW", "ja_JP", "ko_KR"}:
            space = self.rng.choice(["", "", " "]) if locale == "ja_JP" else ""
            return f"{self.last(locale)}{space}{self.first(locale)}"
        first, last = self.first(locale), self.last(locale if self.rng.random() < 0.9 else self.rng.choice(_LATIN))
        initial = self.rng.choice(string.ascii_uppercase)
        return self.rng.choices(
            [
                f"{first} {last}",
                f"{first} {initial}. {last}",
                f"{first} {initial} {last}",
                f"{first} {last}-{self.last(locale)}",
                f"{last}, {first}",
                f"{first} {self.first(locale)} {last}",
                f"{first[0]}. {last}",
                f"{first[0]}. {initial}. {last}",
                f"{first} {last} {self.rng.choice(_SUFFIXES)}",
                f"{first} {self.rng.choice(_PARTICLES)} {last}",
                f"{last} {first}",
                f"{first} {last} {self.last(locale)}",
            ],
            [62, 6, 3, 2, 3, 4, 3, 1, 2, 2, 4, 5],
        )[0]

    def city(self, locale: str) -> str:
        """A town, real ones more often."""
        return self.rng.choice(self.pools[locale].city if self.rng.random() < 0.4 else self._cities)

    def street(self, locale: str) -> str:
        """A street without a number."""
        dice = self.rng.random()
        if dice < 0.35 and (locale in _ENGLISH or dice < 0.15):
            name = self.rng.choice(_STREET_NAMES) if self.rng.random() < 0.6 else self.last(locale)
            side = self.rng.choice(["", "", "", "", "N ", "W ", "South "])
            return f"{side}{name} {self.rng.choice(_STREET_KINDS)}"
        if dice > 0.96:
            return self.rng.choice(
                [
                    f"Highway {self.number()}",
                    "Broadway",
                    f"Route {self.number()}",
                    f"{self.last(locale)} {self.last(locale)}",
                ]
            )
        return self.rng.choice(self.pools[locale].street)

    def number(self) -> str:
        """A house number."""
        rng = self.rng
        plain = str(
            rng.choice([rng.randint(1, 99), rng.randint(1, 99), rng.randint(100, 999), rng.randint(1000, 99999)])
        )
        dice = rng.random()
        if dice < 0.06:
            return plain.zfill(rng.choice([3, 4, 5]))
        return f"{plain}{rng.choice('abcABC')}" if dice < 0.1 else plain

    def zip(self, locale: str) -> str:
        """A postcode, sometimes written carelessly or with the letters of its country."""
        dice = self.rng.random()
        if dice < 0.3:
            return self.things.digits(5)
        code = self.rng.choice(self.pools[locale].zip)
        if dice < 0.4:
            return code.replace(" ", "").replace("-", "")
        if dice < 0.45:
            return code.lower()
        return f"{locale[-2:]}-{code}" if dice < 0.48 and code.isdecimal() else code

    def phone(self, locale: str) -> str:
        """A telephone number in one of many forms."""
        if self.rng.random() < 0.5:
            return self.rng.choice(self.pools[locale].phone)
        form = self.rng.choice(_PHONES)
        return "".join(self.rng.choice("0123456789") if mark == "#" else mark for mark in form)

    def handle(self, locale: str) -> str:
        """A user name made of a person's name."""
        first, last = (re.sub("[^a-z]", "", folded(name)) for name in (self.first(locale), self.last(locale)))
        first, last, number = first or "mia", last or "li", self.rng.randint(1, 9999)
        return self.rng.choice(
            [
                f"{first}_{last}_{number}",
                f"{first}_{last}_{number}",
                f"{first}.{last}{number}",
                f"{first}-{last}-{number}",
            ]
        )

    def email(self, locale: str) -> str:
        """An e-mail address."""
        name = re.sub(r"[^a-z]+", ".", f"{self.first(locale)}.{self.last(locale)}".lower()).strip(".") or "info"
        return f"{name}@{self.things.make('word')}.{self.rng.choice(['com', 'org', 'net', 'de', 'io'])}"

    def org(self, locale: str) -> str:
        """A company; some have names of people in theirs."""
        rng = self.rng
        if rng.random() < 0.35 and locale in _ENGLISH:
            return rng.choice(
                [
                    f"{self.last(locale)} Inc",
                    f"{self.last(locale)}, {self.last(locale)} and {self.last(locale)}",
                    f"{self.last(locale)} LLC",
                    f"{self.last(locale)} & Sons",
                    f"{self.last(locale)} Group",
                ]
            )
        return self.things.make("brand") + rng.choice(
            ["", "", " Inc.", " Ltd", " LLC", " GmbH", " Corp", " Labs", " Bank", " University", " Group"]
        )

    def address(self, locale: str) -> str:
        """An address on one or more lines, sometimes with parts of different countries."""
        places, things = self.places, self.things
        parts: dict[str, Callable[[str], str]] = {
            "b": lambda _: self.number(),
            "s": self.street,
            "s2": lambda _: self.street("en_US"),
            "u": lambda _: self.unit(),
            "c": self.city,
            "st": lambda _: self.rng.choice([self.rng.choice(places.states), things.letters(2), things.digits(2)]),
            "z": self.zip,
            "co": lambda _: self.rng.choice(places.countries),
            "ap": lambda _: self.rng.choice(["AP", "AE", "AA"]),
            "l": self.last,
            "corner": self.corner,
            "native": self.native,
        }

        def part(slot: re.Match[str]) -> str:
            return parts[slot[1]](locale if self.rng.random() < 0.7 else self.locale())

        text = SLOT.sub(part, self.rng.choice(_ADDRESSES))
        if self.rng.random() < 0.1:  # as it stands in a quotation, a comment or a table
            text = re.sub(r"\n\s*", f"\n{self.rng.choice(_MARGINS)}", text)
        return text

    def unit(self) -> str:
        """A part of a building."""
        rng, name = self.rng, self.rng.choice(_UNITS)
        number = rng.choice([self.number(), self.things.digits(3), f"{rng.randint(1, 40)}{self.things.letters(1)}"])
        return f"{name}{'' if name == '#' else ' '}{number}"

    def street_address(self, locale: str) -> str:
        """A street with a number, sometimes with a part of the building."""
        street, number = self.street(locale), self.number()
        before = locale in _ENGLISH or locale.startswith("fr") or self.rng.random() < 0.3
        text = f"{number} {street}" if before else f"{street} {number}"
        return f"{text}{self.rng.choice([', ', ' '])}{self.unit()}" if self.rng.random() < 0.2 else text

    def corner(self, locale: str) -> str:
        """Where two streets meet."""
        one = self.street_address(locale) if self.rng.random() < 0.5 else self.street(locale)
        opening = self.rng.choice(["the corner of ", "the intersection of ", "corner of ", ""])
        return f"{opening}{one} {self.rng.choice(['and', '&', 'and'])} {self.street(self.locale())}"

    def native(self, locale: str) -> str:
        """An address as the locale writes it."""
        text = self.rng.choice(self.pools[locale].native)
        if locale in _EASTERN and self.rng.random() < 0.5:
            made = self._east[locale]
            text = re.sub(r"\[(\w+)\]", lambda part: getattr(made, part[1])(), self.rng.choice(_EASTERN[locale]))
            return SLOT.sub(lambda _: str(self.rng.randint(1, 199)), text)
        if self.rng.random() < 0.12:  # only a part of it
            lines = re.split(r"\n|, ", text)
            text = "\n".join(lines[:2] if self.rng.random() < 0.5 else lines[-2:])
        return text if self.rng.random() < 0.6 else text.replace("\n", self.rng.choice([", ", " ", "\n  ", "\n>"]))


def _pool(made: Faker, american: Faker) -> Pool:
    pool = Pool()
    for name, (method, count) in _POOL.items():
        provider = made if hasattr(made, method) else american
        setattr(pool, name, sorted({getattr(provider, method)() for _ in range(count)}))
    return pool
