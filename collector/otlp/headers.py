"""Headers that must not repeat: of two equal headers, a transport and a proxy could read different ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.otlp.refusals import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping


def one_header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the value of a header (`name` in lower case), None if it is missing. Raises BadRequestError for two.

    `headers.items()` must yield repeated headers, as Starlette's does.
    """
    values = [value for header, value in headers.items() if header == name]
    if len(values) > 1:
        raise BadRequestError(f"The request has {len(values)} {name} headers: send one.")
    return values[0] if values else None
