"""What is not personal: words, sentences, products, tools, identifiers, code, numbers and dates."""

from __future__ import annotations

import ast
import re
import string
import sysconfig
from functools import cached_property
from pathlib import Path
from pydoc_data import topics
from typing import TYPE_CHECKING

from redaction.training import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MODULES = vocabulary.words("modules")
_NOT_PROSE = re.compile(
    r"[{}\[\]<>|=\\*]|>>>|\.\.\.|__|[A-Z][a-z]+ (?:van )?[A-Z][a-z]+|@"
    r"|\b(?:Monty|Python's|Guido|Tim|Barry|Fredrik|Raymond|Spam|Eric)\b"
)
_LONGEST_SENTENCE = 260
_MOST_LINES = 90


def _documentation() -> Iterator[str]:
    """Yield the texts of Python's own documentation: its topics, and the docstrings of modules (PSF licence)."""
    yield from (topics.topics[name] for name in sorted(topics.topics))
    for name in _MODULES:
        path = Path(sysconfig.get_path("stdlib"), f"{name}.py")
        if not path.is_file():
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""


def sentences() -> list[str]:
    """Sentences of Python's documentation without names of people."""
    kept: dict[str, None] = {}
    for text in _documentation():
        for paragraph in re.split(r"\n\s*\n", text):
            flat = " ".join(paragraph.split())
            for sentence in _SENTENCE.split(flat):
                if 12 < len(sentence) < _LONGEST_SENTENCE and not _NOT_PROSE.search(sentence):
                    kept[sentence] = None
    return list(kept)


def code_lines() -> list[str]:
    """Lines of Python's own library."""
    kept: dict[str, None] = {}
    for name in _MODULES:
        path = Path(sysconfig.get_path("stdlib"), f"{name}.py")
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                if (
                    8 < len(line.strip()) < _MOST_LINES
                    and not line.strip().startswith(("#", '"', "'"))
                    and not re.search(r"[A-Z][a-z]+ [A-Z][a-z]+|@", line)
                ):
                    kept[line] = None
    return list(kept)


class Things:
    """Makers of everything that must stay."""

    def __init__(self, rng: Random, words: list[str]) -> None:
        self.rng = rng
        self._words = words
        self._makers: dict[str, Callable[[], str]] = {
            "sent": self.sentence,
            "word": lambda: (
                self.rng.choice(self._words) if self.rng.random() < 0.6 else self.rng.choice(vocabulary.NOUNS)
            ),
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
            "tool": lambda: rng.choice([rng.choice(vocabulary.TOOLS), self.brand(), self.camel()]),
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
            "code": lambda: rng.choice(self.code).strip(),
            "code_block": self._code_block,
            "paragraph": self._paragraph,
            "token": self.token,
            "ordinal": lambda: rng.choice(
                ["first", "2nd", "third", f"{rng.randint(4, 19)}th", "1st", "23rd", "last", "next"]
            ),
            "number": self.number,
        }

    def make(self, slot: str) -> str:
        """Make what a slot asks for; KeyError when no maker has that name."""
        return self._makers[slot]()

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences to draw from."""
        return sentences()

    @cached_property
    def code(self) -> list[str]:
        """Lines of code to draw from."""
        return code_lines()

    def sentence(self) -> str:
        """A sentence about anything: from documentation, or one of the plain patterns of everyday talk."""
        if self.rng.random() < 0.4:
            return self.rng.choice(self.sentences)
        pattern = self.rng.choice(vocabulary.SENTENCES)
        text = re.sub(r"\{(\w+)\}", lambda slot: self.make(slot[1]), pattern)
        return text[0].upper() + text[1:] if self.rng.random() < 0.8 else text

    def noun(self) -> str:
        """A thing."""
        return self.rng.choice(vocabulary.NOUNS) if self.rng.random() < 0.7 else self.rng.choice(self._words)

    def adjective(self) -> str:
        """A quality."""
        return self.rng.choice(vocabulary.ADJECTIVES)

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
                f"{name} {self.letters(2)}-{rng.randint(1, 900)}",
            ]
        )

    def brand(self) -> str:
        """A made-up name of a product or a company: no name of a person may be learned from it."""
        rng = self.rng
        word = rng.choice(self._words)
        ending = rng.choice(
            [
                "ly",
                "ify",
                "io",
                "hub",
                "flow",
                "base",
                "stack",
                "kit",
                "forge",
                "soft",
                "tech",
                "ware",
                "lab",
                "gen",
                "zon",
                "tron",
                "scape",
                "izer",
            ]
        )
        return rng.choice(
            [
                f"{word}{ending}".capitalize(),
                word.capitalize(),
                f"{word.capitalize()}{rng.choice(self._words).capitalize()}",
                f"{word.capitalize()} {rng.choice(self._words).capitalize()}",
                rng.choice(vocabulary.TOOLS),
            ]
        )

    def camel(self) -> str:
        """An identifier in camel case."""
        return "".join(self._plain().capitalize() for _ in range(self.rng.randint(2, 3)))

    def identifier(self) -> str:
        """An identifier of some system."""
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
        """A number that says nothing of anybody."""
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

    def _code_block(self) -> str:
        first = self.rng.randrange(len(self.code) - 12)
        return "\n".join(self.code[first : first + self.rng.randint(3, 12)])

    def _paragraph(self) -> str:
        first = self.rng.randrange(len(self.sentences) - 6)
        return " ".join(self.sentences[first : first + self.rng.randint(2, 6)])

    def _plain(self) -> str:
        return self.rng.choice(self._words)

    def _title(self) -> str:
        return " ".join(word.capitalize() for word in self.rng.choices(self._words[:6000], k=self.rng.randint(1, 3)))

    def _cased(self, word: str) -> str:
        return word.capitalize() if self.rng.random() < 0.7 else word
