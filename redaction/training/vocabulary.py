"""Words, sentence patterns and templates written for the training; they are text files in this folder."""

from __future__ import annotations

from importlib.resources import files

_HERE = files("redaction.training")


def words(name: str) -> list[str]:
    """Return the words of a list."""
    return _HERE.joinpath("words", f"{name}.txt").read_text("utf-8").split()


def templates(name: str) -> list[str]:
    """Return the templates of a kind, one a line of its file; a backslash and an n are a line break."""
    lines = _HERE.joinpath("templates", f"{name}.txt").read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line]


NOUNS, VERBS, ADJECTIVES, COLORS = words("nouns"), words("verbs"), words("adjectives"), words("colors")
GOODS, TOOLS, RELATIVES, LANGUAGES = words("goods"), words("tools"), words("relatives"), words("languages")
WEEKDAYS, MONTHS = words("weekdays"), words("months")
JOBS = _HERE.joinpath("words", "jobs.txt").read_text("utf-8").splitlines()
SENTENCES = templates("sentences")
BRANDS, FIELDS, CITY_EXAMPLES, EPONYM_PHRASES = (
    _HERE.joinpath("words", f"{name}.txt").read_text("utf-8").splitlines()
    for name in ("brands", "fields", "examples_of_cities", "eponym_phrases")
)
EPONYMS, EPONYM_KINDS, EPONYM_UNITS = words("eponyms"), words("eponym_kinds"), words("eponym_units")
VENUE_KINDS, TIERS, SYLLABLES = words("venue_kinds"), words("tiers"), words("syllables")
UNITS = words("units")
