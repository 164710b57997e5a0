"""Where the processes of an instance begin: each loads what it works with, the one that starts it does not."""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def receiver(*arguments: Any) -> None:  # noqa: ANN401 - those of run_door
    """Take requests until SIGTERM."""
    from collector.door import run_door

    run_door(*arguments)


def server(*arguments: Any) -> None:  # noqa: ANN401 - those of run_house
    """Hold the store until SIGTERM."""
    from collector.house import run_house

    run_house(*arguments)


def worker(*arguments: Any) -> None:  # noqa: ANN401 - those of serve_requests
    """Redact requests until the server goes away."""
    sys.meta_path.insert(0, _NoPandas())
    from collector.serving import serve_requests

    serve_requests(*arguments)


class _NoPandas(MetaPathFinder):
    """Makes pandas look as if it were not installed: Arrow loads it, half a second, to look for values that no row has.

    None in `sys.modules` does not do it: Arrow is compiled, and takes that for the module.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - as the base has it
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)
