"""Prepares the NER model: `python -m redaction.models prepare [--cache DIR]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from redaction.errors import RedactionError
from redaction.models.directory import default_directory
from redaction.models.prepare_rampart import prepare


def main() -> int:
    """Run the command line; 0 on success, 1 with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m redaction.models", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare", help="make the model files and their manifest")
    preparing.add_argument("--cache", type=Path, default=None, help="model directory (default: $SPANLEDGER_MODEL_DIR)")
    options = parser.parse_args()
    try:
        directory = prepare(options.cache or default_directory())
    except RedactionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The NER model is ready in {directory}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
