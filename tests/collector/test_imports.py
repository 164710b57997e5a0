"""What a process loads: the house, the door and the supervisor never read text, so they load nothing that does."""

from __future__ import annotations

import json
import subprocess
import sys

LOOK = """
import json, sys
import collector.door, collector.house, collector.supervisor
from redaction.models import require_model
require_model()
print(json.dumps(sorted(sys.modules)))
"""


def test_only_workers_load_what_redacts() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "schema.store" in loaded
    assert loaded.isdisjoint({"presidio_analyzer", "spacy", "onnxruntime", "phonenumbers", "redaction.redactor"})
