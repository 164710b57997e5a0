"""Where receiver and server begin: each loads what it works with, the one that starts it does not."""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import Any


def receiver(*arguments: Any) -> None:  # noqa: ANN401 - those of run_door
    """Take requests until SIGTERM."""
    from collector.service.receiver import run_door

    run_door(*arguments)


def server(*arguments: Any) -> None:  # noqa: ANN401 - those of run_house
    """Hold the store until SIGTERM."""
    from collector.service.server import run_house

    run_house(*arguments)
