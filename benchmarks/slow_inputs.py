"""Searches for the slowest texts for redaction, as an attacker would, and compares them with ordinary texts.

    python -m benchmarks.slow_inputs [--seconds 60] [--seed 15] [--kilobytes 8]

Texts are repetitions of fragments of the rules' patterns (benchmarks/fragments.py). The slowest texts so far are
changed and tried again. Rates are kilobytes per CPU-second of one core, without caches. A text with quadratic time
shows a lower rate for twice the length.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from typing import TYPE_CHECKING, Final, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import redaction
from benchmarks.fragments import fragments, modules, patterns
from benchmarks.redaction import prose, record
from redaction.recognizers.analyzer import Analyzer
from redaction.redactor import Limits, build_redactor

if TYPE_CHECKING:
    from redaction.redactor import Redactor

_KEPT: Final = 20
_SHOWN: Final = 8


class Trial(NamedTuple):
    """A tried text: its kilobytes per CPU-second, and the fragments that it repeats."""

    rate: float
    pieces: tuple[str, ...]


def rate(redactor: Redactor, text: str) -> float:
    """Redact a text and return the kilobytes per CPU-second."""
    began = time.process_time()
    redactor.redact(text, "input.value")
    return len(text) / 1000 / max(time.process_time() - began, 1e-6)


def repeated(pieces: tuple[str, ...], size: int) -> str:
    """Return a text of `size` characters that repeats the pieces."""
    unit = "".join(pieces)
    return (unit * (size // len(unit) + 1))[:size]


def search(
    redactor: Redactor, pieces: list[str], rng: random.Random, size: int, seconds: float
) -> tuple[list[Trial], int]:
    """Try texts for `seconds`; return the slowest ones, slowest first, and the number of tried texts."""
    best: list[Trial] = []
    tried = 0
    until = time.process_time() + seconds
    while time.process_time() < until:
        tried += 1
        chosen = tuple(rng.choices(pieces, k=rng.randint(1, 3)))
        if best and rng.random() < 0.6:
            parent = list(rng.choice(best).pieces)
            place = rng.randrange(len(parent) + 1)
            parent[place : place + rng.randint(0, 1)] = chosen[: rng.randint(0, 2)]
            chosen = tuple(parent[:6]) or chosen
        best.append(Trial(rate(redactor, repeated(chosen, size)), chosen))
        best = sorted({one.pieces: one for one in sorted(best, reverse=True)}.values())[:_KEPT]
    return best, tried


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for the search")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--kilobytes", type=int, default=8)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    size = arguments.kilobytes * 1000
    redactor = build_redactor(limits=Limits(cache_bytes=0))
    redactor.warm_up()
    rules = patterns(modules(redaction, ("redaction.training",)), Analyzer())
    pieces = sorted({piece for pattern in rules.values() for piece in fragments(pattern)})
    best, tried = search(redactor, pieces, rng, size, arguments.seconds)
    tries = f"{len(pieces)} pieces of {len(rules)} patterns, {tried} texts of {size} characters tried"
    print(f"seed {arguments.seed}, {tries}")
    print(f"{'KB/s':>8} {'twice as long':>14}  text")
    for name, text in (
        ("prose", prose(rng, 2 * size)),
        ("records", "[" + ",".join(record(rng) for _ in range(90)) + "]"),
    ):
        print(f"{rate(redactor, text[:size]):8.0f} {rate(redactor, text[: 2 * size]):14.0f}  ordinary {name}")
    for one in best[:_SHOWN]:
        again = min(rate(redactor, repeated(one.pieces, size)), one.rate * 2)
        print(f"{again:8.0f} {rate(redactor, repeated(one.pieces, 2 * size)):14.0f}  {repeated(one.pieces, 70)!r}")


if __name__ == "__main__":
    main()
