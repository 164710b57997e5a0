"""Where a worker begins: it loads what it works with, the server that starts it does not."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def worker(*arguments: Any) -> None:  # noqa: ANN401 - those of serve_requests
    """Redact requests until the server goes away."""
    sys.meta_path.insert(0, _NoPandas())
    from collector.pipeline.worker import serve_requests  # noqa: PLC0415 - see above

    serve_requests(*arguments)


class _NoPandas(MetaPathFinder):
    """Makes pandas look as if it were not installed: Arrow loads it, half a second, to look for values that no row has.

    None in `sys.modules` does not do it: Arrow is compiled, and takes that for the module.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - as the base has it
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)
