"""Streamlit's options, from config.toml beside this module.

Streamlit under a plain ASGI server reads neither environment variables nor a configuration file in a package, so
the options are set before its application is built.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlit import config

if TYPE_CHECKING:
    from collections.abc import Iterator


def apply() -> None:
    """Set every option of config.toml for this process, over whatever the user's own files say."""
    file = Path(__file__).with_name("config.toml")
    for name, value in _options("", tomllib.loads(file.read_text(encoding="utf-8"))):
        config.set_option(name, value, str(file))


def _options(prefix: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _options(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value
