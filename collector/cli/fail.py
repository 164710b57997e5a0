"""Error exit of commands: one sentence for the user."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print one sentence to standard error and exit. Use code 2 for wrong options, as shells do."""
    typer.echo(f"spanledger: {sentence}", err=True)
    sys.exit(code)
