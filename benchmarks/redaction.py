"""How fast redaction reads: new text, the same text again, and agents' history that grows by a message a call.

    python -m benchmarks.redaction [--kilobytes 200]

The text is synthetic: prose of common words with an e-mail address, a phone number, a card number and a name in every
few hundred characters, which is far denser in PII than what agents send. Rates are per CPU second of one core.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from typing import TYPE_CHECKING

from redaction.redactor import Limits, build_redactor
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redaction.redactor import Redactor

_WORDS = (
    "the customer order was shipped on monday and the invoice total does not match our records please check "
    "account billing refund policy agent should call search tool then summarise result for user with citations "
    "temperature forecast data pipeline retry error timeout latency region database schema column index query "
)
WORDS = _WORDS.split()
NAMES = ("Marta Nowak", "Chen Wei", "Amara Okeke", "Lucas Moreau", "Priya Raman", "Fatima Haddad", "Tom Becker")


def prose(rng: random.Random, size: int) -> str:
    """About `size` characters of words with PII among them."""
    words = rng.choices(WORDS, k=size // 6)
    for pii in (
        f"jane.doe{rng.randrange(10**6)}@example.com",
        f"+1 415 555 {rng.randrange(10**4):04d}",
        f"4111 1111 1111 {rng.randrange(10**4):04d}",
        rng.choice(NAMES),
    ):
        words.insert(rng.randrange(len(words)), pii)
    return " ".join(words)


def record(rng: random.Random) -> str:
    """Make a tool result in JSON."""
    name = rng.choice(NAMES)
    rows = [
        {
            "order_id": f"ORD-{rng.randrange(10**5)}",
            "customer_name": name,
            "total": rng.randrange(10**4) / 100,
            "note": prose(rng, 90),
        }
        for _ in range(5)
    ]
    return json.dumps({"rows": rows, "next": None})


def history(rng: random.Random, calls: int) -> list[Text]:
    """Make the inputs of the model calls of one run: each holds everything before it."""
    messages: list[dict[str, str]] = []
    sent = []
    for _ in range(calls):
        messages += [{"role": "user", "content": prose(rng, 600)}, {"role": "assistant", "content": prose(rng, 400)}]
        sent.append(Text(json.dumps(messages), "gen_ai.input.messages"))
    return sent


def measure(redactor: Redactor, texts: Sequence[Text]) -> tuple[float, float, int]:
    """Kilobytes, CPU seconds and findings."""
    started = time.process_time()
    findings = sum(len(redacted.findings) for redacted in redactor.redact_many(texts))
    return sum(len(text.text.encode()) for text in texts) / 1024, time.process_time() - started, findings


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kilobytes", type=int, default=200)
    options = parser.parse_args()
    rng = random.Random(1)
    redactor = build_redactor(limits=Limits(seconds=600.0))
    redactor.warm_up()
    texts = [Text(prose(rng, 1500), "input.value") for _ in range(options.kilobytes * 1024 // 1500)]
    records = [Text(record(rng), "output.value") for _ in range(options.kilobytes * 1024 // 900)]
    cases = {
        "prose, new": texts,
        "prose, again": texts * 20,
        "JSON records, new": records,
        "JSON records, again": records * 20,
        "history of 20 calls": history(rng, 20),
        "prose, rules only": [Text(text, "id", structured=True) for text, *_ in texts],
    }
    print(f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}, one process")
    print(f"{'case':<22}{'KB':>8}{'CPU s':>8}{'KB/s':>9}{'findings':>10}")
    for name, case in cases.items():
        kilobytes, seconds, findings = measure(redactor, case)
        print(f"{name:<22}{kilobytes:>8.0f}{seconds:>8.2f}{kilobytes / max(seconds, 1e-6):>9.0f}{findings:>10}")


if __name__ == "__main__":
    main()
