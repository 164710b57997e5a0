"""Identifiers of all kinds survive, alone, in prose and in tool results: every one of several hundred."""

from __future__ import annotations

import json
import random
import string
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from redaction.redactor import Redactor

rng = random.Random(20261122)
HEX = "0123456789abcdef"
_PARTS = "agent tool order router billing search vector index chunk session prompt retry invoice cache worker"
PARTS = _PARTS.split()
MODELS = (
    *("gpt-4o-mini-2024-07-18", "claude-sonnet-4-5-20250929", "gemini-2.5-flash", "text-embedding-3-small", "o3-mini"),
    *("meta-llama/Llama-3.1-70B-Instruct", "mistral-large-2411", "command-r-plus", "deepseek-r1", "qwen2.5-coder:7b"),
)


def drawn(alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def part() -> str:
    return rng.choice(PARTS)


def day() -> str:
    return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


MAKERS: dict[str, Callable[[], str]] = {
    "uuid": lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "trace id": lambda: drawn(HEX, 32),
    "span id": lambda: drawn(HEX, 16),
    "sha256": lambda: f"sha256:{drawn(HEX, 64)}",
    "commit": lambda: drawn(HEX, 40),
    "short commit": lambda: f"{rng.randint(1, 9)}{drawn(HEX, 4)}{rng.choice('abcdef')}{rng.randint(1, 9)}",
    "timestamp": lambda: f"{day()}T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:09.{drawn(string.digits, 3)}Z",
    "date": day,
    "nanoseconds": lambda: f"17637984{drawn(string.digits, 11)}",
    "model": lambda: rng.choice(MODELS),
    "order": lambda: f"{rng.choice(['ORD', 'INV', 'PO', 'TCK', 'RMA'])}-{drawn(string.digits, 5)}",
    "call": lambda: f"call_{drawn(string.ascii_letters + string.digits, 24)}",
    "run": lambda: f"run_{drawn(string.ascii_lowercase + string.digits, 10)}",
    "session": lambda: f"sess-{drawn(HEX, 8)}",
    "amount": lambda: f"${rng.randint(1, 9999):,}.{drawn(string.digits, 2)}",
    "decimal": lambda: f"{rng.random():.6f}",
    "path": lambda: f"/srv/{part()}/{part()}_{rng.randint(1, 9)}.py",
    "module": lambda: f"{part()}.{part()}.{part().capitalize()}{part().capitalize()}",
    "version": lambda: f"v{rng.randint(0, 20)}.{rng.randint(0, 40)}.{rng.randint(0, 40)}",
    "url": lambda: f"https://docs.example.com/{part()}/{part()}?page={rng.randint(1, 99)}",
    "snake": lambda: f"{part()}_{part()}_{part()}",
    "camel": lambda: f"{part()}{part().capitalize()}{part().capitalize()}",
    "function": lambda: f"{part()}_{part()}()",
    "flag": lambda: f"--{part()}-{part()}",
    "constant": lambda: f"{part().upper()}_{part().upper()}",
    "pod": lambda: f"{part()}-{part()}-{drawn(HEX, 9)}-{drawn(string.ascii_lowercase, 3)}{rng.randint(10, 99)}",
}
IDENTIFIERS = [(kind, make()) for kind, make in MAKERS.items() for _ in range(22)]


def test_there_are_enough() -> None:
    assert len({identifier for _, identifier in IDENTIFIERS}) >= 500


@pytest.mark.parametrize("kind", MAKERS)
def test_identifiers_survive(redactor: Redactor, kind: str) -> None:
    lost = []
    for identifier in [identifier for named, identifier in IDENTIFIERS if named == kind]:
        for text in (
            identifier,
            f"Then {identifier} was used, and it failed.",
            f"- `{identifier}`: see the notes",
            json.dumps({"result": {"id": identifier, "value": identifier, "notes": f"retry {identifier} later"}}),
            json.dumps([{"ref": identifier}, {"text": f"{identifier} is done"}]),
        ):
            redacted = redactor.redact(text)
            if redacted.text != text:
                lost.append((text, redacted.text))
    assert lost == []


@pytest.mark.parametrize(
    "key", ["input_tokens", "output_tokens", "usage.total_tokens", "latency_ms", "score", "row_count"]
)
def test_counts_survive(redactor: Redactor, key: str) -> None:
    for _ in range(20):
        raw = json.dumps({key: rng.randint(0, 10**7), "ok": True})
        assert redactor.redact(raw).text == raw
