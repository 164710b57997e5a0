"""JSON without people: schemas, packages, configurations and results of tools must stay as they are."""

from __future__ import annotations

import json
import random
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from redaction.redactor import Redactor

MOST_FINDINGS = 0.5
"""False findings in a kilobyte."""
_WORDS = (
    "queue worker retry backlog latency region cluster shard index cursor batch replica quota budget window payload"
    " token prompt completion embedding retrieval ranking pipeline stage artifact checkpoint dataset feature gateway"
    " ledger invoice refund shipment parcel warranty charger headset monitor keyboard blanket kettle lantern bottle"
    " invalid missing pending active expired archived partial nested optional strict verbose durable idle stale"
    " keen brisk solemn vivid quaint torrid placid candid lurid sparse"
)
WORDS = _WORDS.split()
MODELS = (
    "gpt-4o-mini",
    "claude-sonnet-4-5",
    "gemini-2.5-flash",
    "llama-3.3-70b-instruct",
    "mistral-large-2411",
    "text-embedding-3-large",
)
BRANDS = (
    "Velquora",
    "Nimbrix",
    "Tessaro Cloud",
    "Oakhollow Coffee",
    "Brightfern Hotel",
    "The Copper Kettle",
    "Zynthia",
)
AIRPORTS = ("LHR", "SFO", "NRT", "CDG", "DXB", "GRU")


def words(rng: Random, count: int, joint: str = " ") -> str:
    return joint.join(rng.choices(WORDS, k=count))


def identifier(rng: Random) -> str:
    return rng.choice(
        [
            str(uuid.UUID(int=rng.getrandbits(128))),
            f"{rng.getrandbits(128):032x}",
            f"sha256:{rng.getrandbits(256):064x}",
            f"call_{rng.getrandbits(64):016x}",
            f"ord-{rng.randrange(10**7)}",
            "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=6)),
            f"{words(rng, 2, '-')}-{rng.randrange(99)}",
            str(rng.randrange(10**9)),
        ]
    )


def when(rng: Random) -> str:
    return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:07Z"


def schema(rng: Random) -> dict[str, Any]:
    fields = ("city", "full_name", "address", "phone", "date_of_birth", "email", "query", "limit")
    return {
        "type": "function",
        "function": {
            "name": words(rng, 2, "_"),
            "description": f"Returns the {words(rng, 2)} of a {words(rng, 1)}. Use it before the {words(rng, 1)} step.",
            "parameters": {
                "type": "object",
                "properties": {
                    field: {"type": "string", "description": f"The {field.replace('_', ' ')} of the customer."}
                    for field in rng.sample(fields, 4)
                },
                "required": [words(rng, 1), words(rng, 1)],
            },
        },
    }


def package(rng: Random) -> dict[str, Any]:
    return {
        "name": f"@{words(rng, 1)}/{words(rng, 2, '-')}",
        "version": f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(9)}",
        "description": f"A {words(rng, 3)} for {words(rng, 2)}",
        "scripts": {"build": f"{words(rng, 1)} --{words(rng, 1)}", "test": f"npm run {words(rng, 1)}"},
        "dependencies": {words(rng, 2, "-"): f"^{rng.randrange(9)}.{rng.randrange(30)}.0" for _ in range(4)},
        "integrity": f"sha512-{rng.getrandbits(256):064x}==",
    }


def usage(rng: Random) -> dict[str, Any]:
    return {
        "id": identifier(rng),
        "model": rng.choice(MODELS),
        "usage": {"input_tokens": rng.randrange(10**5), "output_tokens": rng.randrange(10**4), "cost": rng.random()},
        "finish_reason": rng.choice(["stop", "length", "tool_calls"]),
        "created": rng.randrange(1_700_000_000, 1_800_000_000),
        "started_at": when(rng),
        "temperature": round(rng.random(), 2),
    }


def order(rng: Random) -> dict[str, Any]:
    return {
        "order_id": identifier(rng),
        "status": words(rng, 1),
        "items": [
            {
                "name": words(rng, 2).title(),
                "brand": rng.choice(BRANDS),
                "sku": identifier(rng),
                "price": rng.randrange(10**5) / 100,
                "options": {"color": rng.choice(["teal", "ivory", "navy"]), "capacity": f"{rng.randrange(90)} ml"},
            }
            for _ in range(3)
        ],
        "total": f"${rng.randrange(10**4)}.{rng.randrange(100):02}",
        "placed": when(rng),
    }


def trip(rng: Random) -> dict[str, Any]:
    return {
        "reservation": "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=6)),
        "legs": [
            {
                "origin": rng.choice(AIRPORTS),
                "destination": rng.choice(AIRPORTS),
                "flight": f"{rng.choice(['BA', 'LH', 'JL'])}{rng.randrange(999)}",
                "departs": when(rng),
            }
            for _ in range(2)
        ],
        "hotel": {"name": rng.choice(BRANDS), "rating": rng.randrange(50) / 10, "price_per_night": rng.randrange(300)},
    }


def settings(rng: Random) -> dict[str, Any]:
    return {
        "service": words(rng, 2, "-"),
        "image": f"registry.internal/{words(rng, 1)}/{words(rng, 1)}:{rng.randrange(9)}.{rng.randrange(20)}",
        "replicas": rng.randrange(9),
        "path": f"/srv/{words(rng, 2, '/')}.{rng.choice(['yaml', 'py', 'ts'])}",
        "flags": [f"--{words(rng, 1)}={words(rng, 1)}" for _ in range(3)],
        "message": f"{words(rng, 1).capitalize()} {words(rng, 4)} after {rng.randrange(900)} ms",
        "error": {"code": words(rng, 2, "_").upper(), "detail": f"Cannot {words(rng, 3)}: {words(rng, 2)}."},
        "location": words(rng, 1),
        "owner": words(rng, 2, "_"),
    }


KINDS: tuple[Callable[[Random], dict[str, Any]], ...] = (schema, package, usage, order, trip, settings)


def test_json_without_people_stays(redactor: Redactor) -> None:
    rng = random.Random(20261122)
    texts = [
        json.dumps([kind(rng) for _ in range(3)], indent=rng.choice([None, 2])) for kind in KINDS for _ in range(15)
    ]
    found = [
        (finding.entity, finding.recognizer, text[finding.start : finding.end])
        for text in texts
        for finding in redactor.redact(text).findings
    ]
    assert len(found) / (sum(map(len, texts)) / 1024) <= MOST_FINDINGS, found
