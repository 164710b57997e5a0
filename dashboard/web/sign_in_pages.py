"""The two pages that the gate shows by itself: one asks for the password, one asks whether to sign out."""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import quote

from starlette.responses import HTMLResponse

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Spanledger</title>{head}
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px system-ui, sans-serif; max-width: 22rem; margin: 15vh auto; padding: 0 1rem }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ margin: .4rem 0 1rem; padding: .5rem; border: 1px solid #8c8c8c; border-radius: 6px }}
button {{ background: #0072b2; border-color: #0072b2; color: #fff; cursor: pointer }}
[role=alert] {{ color: #b3320a }}
</style></head><body>{body}</body></html>"""

_SAFE_ADDRESS: Final = re.compile(r"/(?![/\\])[\x21-\x7e]*")
_MOST_CHARACTERS: Final = 2000


def own_address(given: str) -> str:
    """Return an address inside the dashboard: what is given if it is one, else `/`. Never one of another host."""
    inside = len(given) <= _MOST_CHARACTERS and _SAFE_ADDRESS.fullmatch(given) and "\\" not in given
    return given if inside and not given.startswith(("/sign-in", "/sign-out")) else "/"


def address_of(path: str, query: bytes) -> str:
    """Return where a request wanted to go, to go there after signing in."""
    return own_address(quote(path, safe="/~") + (f"?{query.decode('latin-1')}" if query else ""))


def sign_in_page(after: str, *, status: int, problem: str = "", headers: dict[str, str] | None = None) -> HTMLResponse:
    """Return the page that asks for the password, and goes to the address `after` it."""
    notice = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return _page(
        f'<h1>Spanledger</h1>{notice}<form method="post" action="/sign-in"><label>Dashboard password'
        '<input name="password" type="password" autocomplete="current-password" required autofocus></label>'
        f'<input name="next" type="hidden" value="{escape(after)}"><button>Sign in</button></form>',
        status=status,
        headers=headers,
    )


def sign_out_page() -> HTMLResponse:
    """Return the page that asks whether to sign out: a link alone must not do it."""
    return _page(
        '<h1>Spanledger</h1><form method="post" action="/sign-out"><button autofocus>Sign out</button></form>'
        '<p><a href="/">Back</a></p>',
        status=200,
    )


def load_again_page() -> HTMLResponse:
    """Return a page that loads its address again: browsers keep our cookie back where another site's link led here."""
    return _page("", status=200, head='<meta http-equiv="refresh" content="0">')


def _page(body: str, *, status: int, head: str = "", headers: dict[str, str] | None = None) -> HTMLResponse:
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return HTMLResponse(_PAGE.format(head=head, body=body), status_code=status, headers=kept)
