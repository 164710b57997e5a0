"""Where receiver and server begin: each loads what it works with, the one that starts it does not."""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import Any


def receiver(*arguments: Any) -> None:  # noqa: ANN401 - those of run_receiver
    """Take requests until SIGTERM."""
    from collector.service.receiver import run_receiver

    run_receiver(*arguments)


def server(*arguments: Any) -> None:  # noqa: ANN401 - those of run_server
    """Hold the store until SIGTERM."""
    from collector.service.server import run_server

    run_server(*arguments)
