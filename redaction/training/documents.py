"""Generates labelled documents: prose, letters, chats, logs, code, tables, and tool results in JSON."""

from __future__ import annotations

import json
import re
from bisect import bisect
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from redaction.training.objects import Objects
from redaction.training.slots import Label, Labelled, Slots
from redaction.training.values import SLOT
from redaction.training.vocabulary import templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 900
_WEIGHT_WITHOUT_SLOTS, _MOST_SLOTS_COUNTED = 0.2, 3


class Document(NamedTuple):
    """A text, its attribute key ("" for none), and its labels."""

    text: str
    key: str
    labels: tuple[Label, ...]


_PRONOUN = re.compile(
    r"\b(?:[Hh]e|[Ss]he|[Tt]hey|[Yy]ou|[Ww]e|him|her|them|me|it|It|[Tt]he (?:user|caller|author|programmer|system"
    r"|server|client|job|doctor|noun|string|object|function|module|value|result|file|program|interpreter|compiler)"
    r"|someone|everybody|nobody)\b"
)
_PLACE_FOR_MORE = re.compile(r"(?<=[a-z]) (?=[a-z])")
_MORE = (
    " by {full}", " from {full}", " ({full})", " with {first} and {first}", ", {first},", " near {city}", " in {city}",
    " at {address}", " from {city}", " ({phone})", " to {full}", " for {first}", " of {last}", " in {city}, {country}",
    " @ {street_address}", ", {full},", " and {full}", " like {last}", " {full}", " {first}",
    " as {last} ({year}) says",
)  # fmt: skip
_KEYS = (
    "input.value",
    "output.value",
    "content",
    "message",
    "text",
    "",
    "",
    "",
    "",
    "body",
    "query",
    "summary",
    "note",
)
_ROLES = (
    "user",
    "assistant",
    "tool",
    "system",
    "human",
    "agent",
    "Customer",
    "Agent",
    "USER",
    "ASSISTANT",
    "Observation",
    "Bot",
    "User",
    "AI",
    "System",
    "Caller",
)


class _Templates:
    """The templates of a kind. Those with slots are drawn more often, as they give a new text each time."""

    def __init__(self, name: str) -> None:
        self.lines = templates(name)
        weights = [_WEIGHT_WITHOUT_SLOTS + min(len(SLOT.findall(line)), _MOST_SLOTS_COUNTED) for line in self.lines]
        self._ends = list(accumulate(weights))

    def pick(self, rng: Random) -> str:
        """Pick one."""
        return self.lines[bisect(self._ends, rng.random() * self._ends[-1])]


class Writer:
    """Generates documents; the same seed gives the same documents."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.slots = Slots(self.rng, seed)
        self._objects = Objects(self.rng, self.slots)
        self._people, self._addresses, self._nothing = map(_Templates, ("people", "addresses", "nothing"))
        self._machine, self._schemas, self._languages = map(_Templates, ("machine", "schemas", "languages"))
        self._kinds: tuple[tuple[float, Callable[[], Labelled]], ...] = (
            (0.24, self._object),
            (0.05, self._schema),
            (0.05, self._machinery),
            (0.15, self._foreign),
            (0.09, self._inserted),
            (0.04, self._chat),
            (0.06, self._block),
            (1.0, self._prose),
        )

    def documents(self, count: int) -> Iterator[Document]:
        """Generate `count` documents."""
        for _ in range(count):
            made, key = self._one()
            made = self._noisy(_cut(made))
            yield Document(made.text, key, tuple(made.labels))

    def _one(self) -> tuple[Labelled, str]:
        dice, makers = self.rng.random(), iter(self._kinds)
        share, maker = next(makers)
        while dice >= share:
            dice -= share
            share, maker = next(makers)
        return maker(), self.rng.choice(_KEYS)

    def _block(self) -> Labelled:
        return self.slots.fill(self.rng.choice(["{code_block}", "{code_block}", "{paragraph}"]))

    def _prose(self) -> Labelled:
        """One to four texts on any subject."""
        parts = [self._plain() for _ in range(self.rng.choices([1, 2, 3, 4], [60, 22, 12, 6])[0])]
        whole = parts[0]
        for part in parts[1:]:
            whole.add(self.rng.choice([" ", "\n", "\n\n", " "]))
            whole.join(part)
        return whole

    def _foreign(self) -> Labelled:
        """A sentence or two of another language, with people or without."""
        locale, template = self._languages.pick(self.rng).split("|", 1)
        made = self.slots.fill(template, locale)
        while self.rng.random() < 0.3:
            made.add(self.rng.choice([" ", "\n"]))
            others = [line[len(locale) + 1 :] for line in self._languages.lines if line.startswith(f"{locale}|")]
            made.join(self.slots.fill(self.rng.choice([*others, "{local}"]), locale))
        return made

    def _schema(self) -> Labelled:
        """JSON without personal data, sometimes next to JSON with it."""
        made = self.slots.fill(self._schemas.pick(self.rng))
        while self.rng.random() < 0.5:
            made.add(self.rng.choice(["\n", ", "]))
            made.join(self.slots.fill(self._schemas.pick(self.rng)))
        if self.rng.random() < 0.1:
            made.add("\n")
            made.join(self._objects.document())
        return made

    def _machinery(self) -> Labelled:
        """Lines of programs, settings, shells and logs."""
        made = self.slots.fill(self._machine.pick(self.rng))
        while self.rng.random() < 0.6:
            made.add("\n")
            made.join(self.slots.fill(self._machine.pick(self.rng)))
        return made

    def _plain(self) -> Labelled:
        kind = self.rng.random()
        templates = self._people if kind < 0.45 else self._addresses if kind < 0.68 else self._nothing
        return self.slots.fill(templates.pick(self.rng))

    def _inserted(self) -> Labelled:
        """A sentence without names, with a person in place of a pronoun or between two of its words."""
        text = self.slots.values.things.sentence()
        spots = list(_PRONOUN.finditer(text))
        if spots and self.rng.random() < 0.6:
            spot = self.rng.choice(spots)
            before, template, after = (
                text[: spot.start()],
                self.rng.choice(["{first}", "{full}", "{last}", "{title} {last}"]),
                text[spot.end() :],
            )
        else:
            spots = list(_PLACE_FOR_MORE.finditer(text))
            if not spots:
                return self.slots.fill("{first}: ")
            spot = self.rng.choice(spots)
            before, template, after = text[: spot.start()], self.rng.choice(_MORE), text[spot.start() :]
        made = Labelled(before)
        made.join(self.slots.fill(template))
        made.add(after)
        return made

    def _object(self) -> Labelled:
        """A tool result; half of the time written as JSON, sometimes after a line of prose, in a string, or cut."""
        rng = self.rng
        made = self._objects.document()
        if rng.random() < 0.25:
            before = Labelled(rng.choice(["tool: ", "result: ", "Observation: ", "", "Output:\n"]))
            before.join(made)
            return before
        return made

    def _chat(self) -> Labelled:
        made = Labelled()
        for _ in range(self.rng.randint(2, 5)):
            made.add(f"{self.rng.choice(_ROLES)}: ")
            made.join(self._plain())
            made.add("\n")
        if self.rng.random() < 0.3:
            return _quoted(made)
        return made

    def _noisy(self, made: Labelled) -> Labelled:
        """Lower-case, shout, or swap letters, without moving anything."""
        dice, text = self.rng.random(), made.text
        if dice < 0.14:
            changed = text.lower()
        elif dice < 0.165:
            changed = text.upper()
        elif dice < 0.23:
            letters = list(text)
            for label in made.labels:
                lowered = (
                    text[label.start : label.end].lower() if dice < 0.215 else text[label.start : label.end].upper()
                )
                if len(lowered) == label.end - label.start:
                    letters[label.start : label.end] = lowered
            changed = "".join(letters)
        elif dice < 0.28:
            letters = list(text)
            for _ in range(max(1, len(text) // 60)):
                index = self.rng.randrange(max(len(letters) - 1, 1))
                if letters[index].isalpha() and index + 1 < len(letters) and letters[index + 1].isalpha():
                    letters[index], letters[index + 1] = letters[index + 1], letters[index]
            changed = "".join(letters)
        else:
            return made
        return Labelled(changed, made.labels) if len(changed) == len(text) else made


def _quoted(made: Labelled) -> Labelled:
    """The text as content of a message in JSON, if no escape in it would move its labels."""
    text = made.text.replace('"', "'").replace("\\", "/").replace("\n", " ").replace("\t", " ")
    whole = Labelled('{"role": "user", "content": "')
    whole.join(Labelled(text, made.labels))
    whole.add('"}')
    json.loads(whole.text)
    return whole


def _cut(made: Labelled) -> Labelled:
    if len(made.text) <= LONGEST:
        return made
    return Labelled(made.text[:LONGEST], [label for label in made.labels if label.end <= LONGEST])
