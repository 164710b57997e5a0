"""Generates what programs write: identifiers, tokens, numbers and dates."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from redaction.training import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Codes:
    """Generators of identifiers, numbers and dates."""

    def __init__(self, rng: Random, words: list[str]) -> None:
        self.rng = rng
        self._words = words

    def camel(self) -> str:
        """An identifier in camel case."""
        return "".join(self._plain().capitalize() for _ in range(self.rng.randint(2, 3)))

    def identifier(self) -> str:
        """An identifier in one of many forms."""
        rng = self.rng
        before = rng.choice(["call_", "req_", "ORD-", "INC", "PROJ-", "order-", "user_", "card_"])
        makers: list[Callable[[], str]] = [
            lambda: "".join(rng.choices("0123456789abcdef", k=rng.choice([8, 16, 32]))),
            lambda: f"#{self.letters(1)}{self.digits(rng.randint(4, 8))}",
            lambda: "".join(rng.choices(string.ascii_uppercase + string.digits, k=6)),
            lambda: f"{before}{self.digits(rng.randint(3, 7))}",
            lambda: f"{self._plain()}_{self._plain()}",
            lambda: f"{self._plain()}_{self._plain()}_{self.digits(rng.randint(1, 4))}",
            lambda: f"{self._plain()}-{self._plain()}-{self.digits(rng.randint(1, 4))}",
            lambda: f"{self._plain()}-{rng.randint(1, 9)}.{rng.randint(0, 9)}-{self._plain()}",
            lambda: self.digits(rng.randint(4, 12)),
            lambda: f"{self.letters(3)}{self.digits(3)}",
        ]
        return rng.choice(makers)()

    def number(self) -> str:
        """A number that is not personal data."""
        rng = self.rng
        return rng.choice(
            [
                str(rng.randint(0, 9)),
                str(rng.randint(0, 99)),
                str(rng.randint(10, 999)),
                f"{rng.random() * 500:.2f}",
                str(rng.randint(1000, 99999)),
                f"{rng.randint(1, 99)},{rng.randint(100, 999)}",
            ]
        )

    def date(self) -> str:
        """A date in one of many forms."""
        rng = self.rng
        year, month, day = rng.randint(1950, 2030), rng.randint(1, 12), rng.randint(1, 28)
        name = vocabulary.MONTHS[month - 1]
        return rng.choice(
            [
                f"{year}-{month:02}-{day:02}",
                f"{month}/{day}/{year}",
                f"{name} {day}, {year}",
                f"{day} {name} {year}",
                f"{name} {day}",
                f"{name[:3]} {day}",
                rng.choice(vocabulary.WEEKDAYS),
                "yesterday",
                f"{day}.{month}.{year}",
                f"{day:02} {name[:3]} {year}",
                f"{rng.choice(vocabulary.WEEKDAYS)[:3]}, {day:02} {name[:3]} {year} 0{day % 10}:{day + 30}:00 GMT",
            ]
        )

    def digits(self, count: int) -> str:
        """Digits."""
        return "".join(self.rng.choices(string.digits, k=count))

    def letters(self, count: int) -> str:
        """Capital letters."""
        return "".join(self.rng.choices(string.ascii_uppercase, k=count))

    def token(self) -> str:
        """A word of programs that no dictionary holds: two words in one, an abbreviation, letters with digits."""
        rng = self.rng
        one, other = self._plain(), self._plain()
        return rng.choice(
            [
                one + other,
                one[:3] + other[:4],
                one[0] + re.sub("[aeiou]", "", one[1:]),
                one[:4] + str(rng.randint(0, 9)),
                f"py{one}",
                one[: rng.randint(2, 5)],
                f"{one[:5]}{rng.choice(['lib', 'js', 'db', 'rs', 'fx', 'ctl', 'args', 'conf'])}",
            ]
        )

    def _plain(self) -> str:
        return self.rng.choice(self._words)
