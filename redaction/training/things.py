"""Generates text that is not personal: words, sentences, products, venues, tools and code."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from redaction.training import corpora, vocabulary
from redaction.training.codes import Codes
from redaction.training.sources import census

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from redaction.training.sources import Words

_KEYBOARD = "qwertyuiopasdfghjklzxcvbnm"
_AMBIGUOUS_SHARE, _RARE_SHARE = 0.08, 0.22
_MISSPELT, _RARER = 0.15, 0.25
_REPLACED = 4  # a word needs so many letters to be replaced by another
_BRAND_ENDINGS = "ly ify io hub flow base stack kit forge soft tech ware lab gen zon tron scape izer".split()


class Things(Codes):
    """Generators of text that redaction must keep."""

    def __init__(self, rng: Random, words: Words, codes: Mapping[str, int]) -> None:
        super().__init__(rng, words.usual)
        self._rare, self._ambiguous = words.rare, words.ambiguous
        self._names = corpora.Filter(codes)
        self._given = census("female.first")[:2000]
        # Brands that are only a family name must not teach that the name is none.
        self._brands = [brand for brand in vocabulary.BRANDS if " " in brand or self._names.passes(brand)]
        self._makers: dict[str, Callable[[], str]] = {
            "sent": self.sentence,
            "word": lambda: self._any() if self.rng.random() < 0.6 else self.rng.choice(vocabulary.NOUNS),
            "plural": lambda: f"{self.noun()}s".capitalize() if self.rng.random() < 0.5 else f"{self.noun()}s",
            "noun": self.noun,
            "verb": lambda: rng.choice(vocabulary.VERBS),
            "verbs": lambda: f"{rng.choice(vocabulary.VERBS)}s",
            "done": lambda: f"{rng.choice(vocabulary.VERBS).removesuffix('e')}ed",
            "adj": self.adjective,
            "job": lambda: rng.choice(vocabulary.JOBS),
            "relative": lambda: rng.choice(vocabulary.RELATIVES),
            "language": lambda: rng.choice(vocabulary.LANGUAGES),
            "color": lambda: rng.choice(vocabulary.COLORS),
            "weekday": lambda: rng.choice(vocabulary.WEEKDAYS),
            "month": lambda: rng.choice(vocabulary.MONTHS),
            "product": self.product,
            "brand": self.brand,
            "tool": lambda: rng.choice(
                [rng.choice(vocabulary.TOOLS), rng.choice(self._brands), self.brand(), self.camel()]
            ),
            "venue": self.venue,
            "tier": self.tier,
            "measure": lambda: f"{self.number()}{rng.choice(['', ' '])}{rng.choice(vocabulary.UNITS)}",
            "groups": lambda: " ".join(
                "".join(rng.choices("0123456789ABCDEF", k=4)) for _ in range(rng.randint(4, 10))
            ),
            "typo": lambda: self.misspelt(rng.choice(self._words)),
            "rare": lambda: rng.choice(self._rare),
            "field": lambda: rng.choice(vocabulary.FIELDS),
            "eponym": self.eponym,
            "eponym_unit": lambda: rng.choice(vocabulary.EPONYM_UNITS),
            "compound_color": self.compound_color,
            "invented": self.invented,
            "four": lambda: self.digits(4),
            "town": lambda: rng.choice(vocabulary.CITY_EXAMPLES),
            "locator": lambda: self.letters(rng.randint(5, 7)),
            "jargon": self.jargon,
            "foreign": lambda: self.translated(rng.choice(list(self.messages))),
            "hex": lambda: "".join(rng.choices("0123456789abcdef", k=rng.choice([7, 12, 24, 40]))),
            "snake": lambda: "_".join(rng.choices(self._words, k=rng.randint(2, 3))),
            "kebab": lambda: "-".join(rng.choices(self._words, k=rng.randint(2, 3))),
            "heading": lambda: " ".join(self._cased(self.rng.choice(self._words)) for _ in range(rng.randint(1, 4))),
            "title_case": self._title,
            "upper": lambda: rng.choice([self.letters(3), self.letters(2), self.noun().upper(), self.letters(4)]),
            "error": lambda: rng.choice(
                [
                    f"{self.camel()}Error",
                    f"{self.noun()} not found",
                    f"invalid {self.noun()}",
                    "timeout",
                    f"{self.noun()} is {self.adjective()}",
                ]
            ),
            "id": self.identifier,
            "num": self.number,
            "money": lambda: f"{rng.choice('$€£')}{self.number()}",
            "age": lambda: str(rng.randint(1, 99)),
            "year": lambda: str(rng.randint(1800, 2030)),
            "date": self.date,
            "time": lambda: rng.choice(
                [
                    f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}",
                    f"{rng.randint(1, 12)} {rng.choice(['am', 'pm', 'p.m.'])}",
                    "noon",
                ]
            ),
            "version": lambda: rng.choice(
                [
                    f"{rng.randint(0, 30)}.{rng.randint(0, 30)}",
                    f"v{rng.randint(1, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 30)}",
                    str(rng.randint(1, 30)),
                ]
            ),
            "path": lambda: (
                "/".join(
                    [
                        rng.choice(["src", "/usr/lib", "app", "~/work", "."]),
                        *(self._plain() for _ in range(rng.randint(1, 3))),
                    ]
                )
                + rng.choice([".py", ".md", ".ts", ""])
            ),
            "func": lambda: f"{self._plain()}_{self._plain()}{rng.choice(['', '()', '(x)'])}",
            "camel": self.camel,
            "code": lambda: rng.choice(rng.choice(self.code)).strip(),
            "code_block": self._code_block,
            "paragraph": self._paragraph,
            "token": self.token,
            "ordinal": lambda: rng.choice(
                ["first", "2nd", "third", f"{rng.randint(4, 19)}th", "1st", "23rd", "last", "next"]
            ),
            "number": self.number,
        }

    def make(self, slot: str) -> str:
        """Return a value for a slot; KeyError if no generator has that name."""
        return self._makers[slot]()

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences to draw from."""
        return corpora.sentences(self._names)

    @cached_property
    def code(self) -> list[list[str]]:
        """Lines of code to draw from, by the kind of program."""
        return corpora.code_lines(self._names)

    @cached_property
    def messages(self) -> dict[str, list[str]]:
        """Messages of programs, by the code of the language."""
        return corpora.translations(self._names)

    def translated(self, language: str) -> str:
        """A message in some language; "" where there is none in it."""
        return self.rng.choice(self.messages.get(language, [""]))

    def sentence(self) -> str:
        """A sentence on any subject: from documentation, or from patterns of everyday talk."""
        if self.rng.random() < 0.4:
            text = self.rng.choice(self.sentences)
        else:
            text = re.sub(r"\{(\w+)\}", lambda slot: self.make(slot[1]), self.rng.choice(vocabulary.SENTENCES))
            text = text[0].upper() + text[1:] if self.rng.random() < 0.8 else text
        words = text.split(" ")
        if self.rng.random() < _RARER:  # a rare word is not a name for that reason
            places = [index for index, word in enumerate(words) if len(word) >= _REPLACED and word.islower()]
            for index in self.rng.sample(places, min(len(places), self.rng.randint(1, 2))):
                words[index] = self.rng.choice(self._rare)
        if self.rng.random() > _MISSPELT:
            return " ".join(words)
        for _ in range(self.rng.randint(1, 3)):
            index = self.rng.randrange(len(words))
            words[index] = self.misspelt(words[index])
        return " ".join(words)

    def misspelt(self, word: str) -> str:
        """A misspelt word: on no list, and yet no name."""
        if len(word) < 3 or not word.isalpha():
            return word
        rng, place = self.rng, self.rng.randint(1, len(word) - 1)
        middle = rng.choice([word[place] * 2, "", "", rng.choice(_KEYBOARD), word[place] + rng.choice(_KEYBOARD)])
        return word[:place] + middle + word[place + 1 :]

    def venue(self) -> str:
        """A hotel, a restaurant, a sight, a company: many are named after towns and people, but are neither."""
        rng, kind = self.rng, self.rng.choice(vocabulary.VENUE_KINDS)
        one, other = (self._any().capitalize() for _ in range(2))
        invented = self.invented()
        return rng.choice(
            [
                f"{one} {kind}",
                f"The {one} {kind}",
                f"{one} {other} {kind}",
                f"{self.adjective().capitalize()} {one} {kind}",
                f"{rng.choice(vocabulary.COLORS).capitalize()} {one} {kind}",
                f"{invented} {kind}",
                f"{kind} {invented}",
                f"{rng.choice(vocabulary.CITY_EXAMPLES).split(',')[0]} {kind}",
                rng.choice(self._brands),
                f"{rng.choice(self._brands)} {kind}",
                f"{rng.choice(['Le', 'La', 'Chez', 'House of', 'Bistro', 'El', 'Il'])} {rng.choice([one, invented])}",
                f"{rng.choice([one, invented])} {rng.choice(['Rent-A-Car', 'Rent A Car', 'Car Rental'])}",
                f"{rng.choice(vocabulary.LANGUAGES)} {rng.choice([one, kind])}",
            ]
        )

    def eponym(self) -> str:
        """An eponym: a method, a law, an illness or a dish with the name of a person."""
        rng, name = self.rng, self.rng.choice(vocabulary.EPONYMS)
        if rng.random() < 0.5:
            return rng.choice(vocabulary.EPONYM_PHRASES)
        if rng.random() < 0.2:
            name = f"{name}-{rng.choice(vocabulary.EPONYMS)}"
        return rng.choice(["{} {}", "{} {}", "{} {}", "{}'s {}"]).format(name, rng.choice(vocabulary.EPONYM_KINDS))

    def compound_color(self) -> str:
        """A color as shops call it: "Forest Green"."""
        return f"{self._any()} {self.rng.choice(vocabulary.COLORS)}".title()

    def tier(self) -> str:
        """An account, a plan, a team, an event: words with capitals."""
        rng, kind = self.rng, self.rng.choice(vocabulary.TIERS)
        first = rng.choice([self.adjective(), rng.choice(vocabulary.COLORS), self._any(), self.noun(), self.invented()])
        return " ".join([first.capitalize(), *([rng.choice(vocabulary.TIERS)] if rng.random() < 0.3 else []), kind])

    def invented(self) -> str:
        """An invented word, like the names of products and medicines."""
        return "".join(self.rng.choice(vocabulary.SYLLABLES) for _ in range(self.rng.randint(2, 4))).capitalize()

    def jargon(self) -> str:
        """A word of some trade in lower case, or in capitals."""
        rng = self.rng
        word = rng.choice([self.token(), self.invented().lower(), rng.choice(self._rare), self.misspelt(self._any())])
        return word if rng.random() < 0.85 else word.upper()

    def noun(self) -> str:
        """A thing."""
        return self.rng.choice(vocabulary.NOUNS) if self.rng.random() < 0.7 else self._any()

    def adjective(self) -> str:
        """A quality."""
        return self.rng.choice(vocabulary.ADJECTIVES) if self.rng.random() < 0.85 else self._any()

    def product(self) -> str:
        """What a shop sells."""
        rng = self.rng
        name = " ".join(
            word.capitalize()
            for word in [
                rng.choice([self.adjective(), rng.choice(self._words), rng.choice(vocabulary.COLORS)]),
                rng.choice(vocabulary.GOODS),
            ]
        )
        return rng.choice(
            [
                name,
                name,
                name.lower(),
                rng.choice(vocabulary.GOODS).title(),
                f"{self.brand()} {rng.choice(vocabulary.GOODS).title()}",
                f"{self._named()} {rng.choice(vocabulary.GOODS)}",
                f"{self._named()} {rng.choice([self.number(), f'{self.letters(1)}{self.digits(2)}'])}",
                f"{name} {self.letters(2)}-{rng.randint(1, 900)}",
            ]
        )

    def _named(self) -> str:
        """The name of a model: invented, or also a name of people or towns."""
        town = self.rng.choice(vocabulary.CITY_EXAMPLES).split(",")[0]
        return self.rng.choice([self.invented(), self.invented(), self.rng.choice(self._given), town])

    def brand(self) -> str:
        """An invented name of a product or a company, which must not be learned as a person's name."""
        rng = self.rng
        word = rng.choice(self._words)
        ending = rng.choice(_BRAND_ENDINGS)
        return rng.choice(
            [
                f"{word}{ending}".capitalize(),
                word.capitalize(),
                f"{word.capitalize()}{rng.choice(self._words).capitalize()}",
                f"{word.capitalize()} {rng.choice(self._words).capitalize()}",
                rng.choice(vocabulary.TOOLS),
                rng.choice(self._brands),
                self.invented(),
                f"{self.invented()} {rng.choice(vocabulary.TIERS)}",
                f"{self.invented()}-{rng.choice(self._words).capitalize()}",
            ]
        )

    def _code_block(self) -> str:
        lines = self.rng.choice([self.rng.choice(self.code), self.code[-1]])
        first = self.rng.randrange(len(lines) - 12)
        return "\n".join(lines[first : first + self.rng.randint(3, 12)])

    def _paragraph(self) -> str:
        first = self.rng.randrange(len(self.sentences) - 6)
        return " ".join(self.sentences[first : first + self.rng.randint(2, 6)])

    def _any(self) -> str:
        dice = self.rng.random()
        if dice < _AMBIGUOUS_SHARE:
            return self.rng.choice(self._ambiguous)
        return self.rng.choice(self._rare if dice < _RARE_SHARE else self._words)

    def _title(self) -> str:
        return " ".join(word.capitalize() for word in self.rng.choices(self._words[:6000], k=self.rng.randint(1, 3)))

    def _cased(self, word: str) -> str:
        return word.capitalize() if self.rng.random() < 0.7 else word
