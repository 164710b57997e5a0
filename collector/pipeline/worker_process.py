"""Entry point of a worker process. Its imports are local, so that the server does not load them."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def worker(*arguments: Any) -> None:  # noqa: ANN401 - those of serve_requests
    """Process requests until the server closes the connection."""
    sys.meta_path.insert(0, _NoPandas())
    from collector.pipeline.worker import serve_requests  # noqa: PLC0415 - see above

    serve_requests(*arguments)


class _NoPandas(MetaPathFinder):
    """Hides pandas from imports. Arrow would load it, in half a second, to convert values that no row has.

    None in `sys.modules` does not work: Arrow's compiled code uses it as if it were the module.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - the base class's signature
        if fullname == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=fullname)
