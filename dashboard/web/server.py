"""The dashboard as one ASGI application: gate, data routes, Streamlit."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit
from fastapi import FastAPI

from dashboard import connection
from dashboard.web import configuration, data
from dashboard.web.access import Gate
from dashboard.web.headers import SecurityHeaders
from dashboard.web.viewer import ViewerScope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

    from schema.store.store import Store

_COLLECT_EVERY_S = 60.0


def create_app(
    store: Store, *, password: str | None, loopback: bool, endpoint: str = "http://127.0.0.1:4318"
) -> ASGIApp:
    """Return the dashboard of this store; a process can hold one. An empty one says to send OTLP/HTTP to `endpoint`.

    `loopback` says that the server listens on this machine only. Otherwise a password is required: without one this
    raises ValueError. The caller's server must run the lifespan, which starts Streamlit.
    """

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with pages.lifespan()(application):
            collecting = asyncio.create_task(_collect_garbage())
            try:
                yield
            finally:
                collecting.cancel()

    application = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    gate = Gate(ViewerScope(application), password=password, loopback=loopback)
    connection.connect(store, endpoint, signs_in=bool(password))
    configuration.apply()
    pages = streamlit.App(Path(__file__).parents[1] / "entry" / "app.py")
    application.include_router(data.router)
    application.mount("/", pages)  # last: it answers every address
    return SecurityHeaders(gate)


async def _collect_garbage() -> None:
    """Do in peace what Streamlit would do after each script run (see config.toml)."""
    while True:
        await asyncio.sleep(_COLLECT_EVERY_S)
        gc.collect()
