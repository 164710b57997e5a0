"""How a command says what its user did wrong."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer


def fail(sentence: str, code: int = 1) -> NoReturn:
    """End with one sentence on standard error; 2 is for wrong options, as the shell has it."""
    typer.echo(f"spanledger: {sentence}", err=True)
    sys.exit(code)
