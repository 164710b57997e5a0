"""Entry points of the receiver and the server process. They import locally, so that the supervisor loads neither."""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import Any


def receiver(*arguments: Any) -> None:  # noqa: ANN401 - those of run_receiver
    """Run the receiver until SIGTERM."""
    from collector.service.receiver import run_receiver

    run_receiver(*arguments)


def server(*arguments: Any) -> None:  # noqa: ANN401 - those of run_server
    """Run the server until SIGTERM."""
    from collector.service.server import run_server

    run_server(*arguments)
