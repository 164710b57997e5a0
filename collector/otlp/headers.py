"""Headers that decide something come once: of two, each transport and each proxy would take another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.otlp.refusals import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping


def one_header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the value of a header (`name` in lower case), None where there is none. Raises BadRequestError for two.

    `headers` lists a header that came twice twice among its items, as Starlette's do.
    """
    values = [value for found, value in headers.items() if found == name]
    if len(values) > 1:
        raise BadRequestError(f"The request has {len(values)} {name} headers: send one.")
    return values[0] if values else None
