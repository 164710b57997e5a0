from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from instance import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for every attack that needs no policy or settings of its own. It must survive all of them."""
    started = Instance(tmp_path_factory.mktemp("attacked") / "data").start()
    yield started
    started.stop()
