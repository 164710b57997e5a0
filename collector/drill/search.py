"""Searches stored rows and files for planted texts, in every encoding in which they could still be read."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from schema.drill_results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collector.drill.runs import Planted

Fate = Literal["removed", "left_in_part", "left_whole"]

_WORD: Final = re.compile(r"[^\W_]+")
_PART: Final = 4  # shortest word, in characters, that reveals something
_COMMON: Final = 0.02  # a word in more than this share of the texts of its kind reveals nothing ("street")
_SPACE: Final = re.compile(r"[\s\\]+")
_CHUNK: Final = 1 << 24
_LONG: Final = 8  # shortest text, in bytes, to search for in files: shorter ones occur by chance


def results(planted: Iterable[Planted], stored: Mapping[str, str]) -> list[Result]:
    """Return the fate of the planted texts by entity and place; `stored` has all text of each run by trace id."""
    items = list(planted)
    fates_by_place: defaultdict[tuple[str, str], Counter[Fate]] = defaultdict(Counter)
    readable = {trace: (_plain(text), set(_WORD.findall(text.lower()))) for trace, text in stored.items()}
    revealing = _revealing(items, {trace: words for trace, (_, words) in readable.items()})
    for item in items:
        text, words = readable[item.trace_id]
        if any(_plain(form) in text for form in forms(item.invented.text)):
            fate: Fate = "left_whole"
        else:
            fate = "removed" if words.isdisjoint(revealing(item)) else "left_in_part"
        fates_by_place[item.invented.entity, item.place][fate] += 1
    return [
        Result(entity, place, fates.total(), fates["removed"], fates["left_in_part"], fates["left_whole"])
        for (entity, place), fates in sorted(fates_by_place.items())
    ]


def _revealing(planted: Sequence[Planted], stored: Mapping[str, set[str]]) -> Callable[[Planted], set[str]]:
    """Return a function that returns the words of a planted text that reveal it.

    Such a word is long, is rare among texts of its kind, and occurs in no run in which it was not planted ("service"
    does). `stored` has all words of each run.
    """
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    of_run: defaultdict[str, set[str]] = defaultdict(set)
    for item in planted:
        words = _words(item)
        kinds[item.invented.entity].update(words)
        of_run[item.trace_id] |= words
    of_kind = Counter(item.invented.entity for item in planted)
    common = {
        entity: {word for word, times in words.items() if times > max(1, _COMMON * of_kind[entity])}
        for entity, words in kinds.items()
    }
    not_planted = set().union(*(words - of_run[trace] for trace, words in stored.items()))
    return lambda item: _words(item) - common[item.invented.entity] - not_planted


def _words(item: Planted) -> set[str]:
    return {word for word in _WORD.findall(item.invented.text.lower()) if len(word) >= _PART}


def _plain(text: str) -> str:
    """Return a text normalised for comparison: line ends, their escapes and case do not matter."""
    return _SPACE.sub(" ", text.replace("\\n", " ")).lower()


def forms(text: str) -> Iterator[str]:
    """Return the encodings in which a text is readable: plain, in JSON, in a URL, in base64."""
    yield from {text, json.dumps(text)[1:-1], quote(text), quote(text, safe="")}
    raw = text.encode()
    for shift in range(3):
        # Only the part of the base64 text that does not depend on neighbouring bytes.
        coded = base64.b64encode(bytes(shift) + raw).decode()[shift + (shift > 0) :]
        yield coded[: len(coded) - 4]


def text_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return all text of each run, from every column of its rows. Each row has a `trace_id`."""
    texts_by_run: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts_by_run[row["trace_id"]] += _strings([value for name, value in row.items() if name != "trace_id"])
    return {trace: "\n".join(texts) for trace, texts in texts_by_run.items()}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def left_in_files(planted: Iterable[Planted], files: Iterable[Path]) -> dict[Path, int]:
    """Return the files with planted texts in the clear (in UTF-8 or UTF-16), and the number of texts in each."""
    encoded = {
        coded
        for item in planted
        for coded in (item.invented.text.encode(), item.invented.text.encode("utf-16-le"))
        if len(coded) >= _LONG
    }
    pattern = re.compile(b"|".join(re.escape(text) for text in sorted(encoded, key=len, reverse=True)))
    longest = max(map(len, encoded), default=1)
    left = {}
    for file in files:
        hits = _hits(file, pattern, longest) if file.is_file() else set()
        if hits:
            left[file] = len(hits)
    return left


def _hits(file: Path, pattern: re.Pattern[bytes], longest: int) -> set[bytes]:
    hits: set[bytes] = set()
    tail = b""
    try:
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                hits.update(pattern.findall(tail + chunk))
                tail = chunk[-longest:]
    except FileNotFoundError:  # the engine has merged it meanwhile; its content is in another file
        return hits
    return hits
