"""Makes labelled documents of every kind: prose, letters, chats, logs, code, tables, and tool results in JSON."""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from redaction.training.objects import Objects
from redaction.training.slots import Label, Labelled, Slots
from redaction.training.vocabulary import templates

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 900


class Document(NamedTuple):
    """A text, the key that it stands under ("" for none), and what must be found in it."""

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
)


class Writer:
    """Writes documents; the same seed writes the same ones."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.slots = Slots(self.rng, seed)
        self._objects = Objects(self.rng, self.slots)
        self._people, self._addresses, self._nothing = map(templates, ("people", "addresses", "nothing"))
        self._languages = [line.split("|", 1) for line in templates("languages")]

    def documents(self, count: int) -> Iterator[Document]:
        """Write documents until there are `count`."""
        for _ in range(count):
            made, key = self._one()
            made = self._noisy(_cut(made))
            yield Document(made.text, key, tuple(made.labels))

    def _one(self) -> tuple[Labelled, str]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.27:
            return self._object(), rng.choice(_KEYS)
        if kind < 0.34:
            locale, template = rng.choice(self._languages)
            return self.slots.fill(template, locale), rng.choice(_KEYS)
        if kind < 0.46:
            return self._inserted(), rng.choice(_KEYS)
        if kind < 0.50:
            return self._chat(), rng.choice(_KEYS)
        if kind < 0.56:
            return self.slots.fill(rng.choice(["{code_block}", "{code_block}", "{paragraph}"])), rng.choice(_KEYS)
        parts = [self._plain() for _ in range(rng.choices([1, 2, 3, 4], [60, 22, 12, 6])[0])]
        whole = parts[0]
        for part in parts[1:]:
            whole.add(rng.choice([" ", "\n", "\n\n", " "]))
            whole.join(part)
        return whole, rng.choice(_KEYS)

    def _plain(self) -> Labelled:
        kind = self.rng.random()
        templates = self._people if kind < 0.45 else self._addresses if kind < 0.68 else self._nothing
        return self.slots.fill(self.rng.choice(templates))

    def _inserted(self) -> Labelled:
        """A sentence of nobody, with somebody put into it where a pronoun stood, or between two of its words."""
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
    """The same text as the content of a message in JSON, if it needs no escape that would move its labels."""
    text = made.text.replace('"', "'").replace("\\", "/").replace("\n", " ")
    whole = Labelled('{"role": "user", "content": "')
    whole.join(Labelled(text, made.labels))
    whole.add('"}')
    json.loads(whole.text)
    return whole


def _cut(made: Labelled) -> Labelled:
    if len(made.text) <= LONGEST:
        return made
    return Labelled(made.text[:LONGEST], [label for label in made.labels if label.end <= LONGEST])
