"""The browser half of our components: plain ES modules, served compressed under a name that changes with them.

Streamlit would serve a component's files without compression and without a version in their names. So the component
it knows is a few lines that import the real module from here.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "components" / "assets"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class Asset:
    """One file as it goes over the wire."""

    media_type: str
    etag: str
    compressed: bytes
    plain: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return the files by name."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found[path.name] = Asset(_TYPES[path.suffix], etag, gzip.compress(content, 9, mtime=0), content)
    return found


@cache
def version() -> str:
    """Return a hash over all files. The modules import each other, so they change their address together."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + asset.plain)
    return digest.hexdigest()[:16]


def text(name: str) -> str:
    """Return a file's content."""
    return assets()[name].plain.decode()


def loader(module: str) -> str:
    """Return the inline module that Streamlit runs: it imports the real one and hands every call on.

    Streamlit runs inline modules from a `blob:` address, which relative imports cannot be resolved against.
    """
    return f"""
const loaded = import(new URL("/assets/{version()}/{module}", window.location.origin).href);
export default function (component) {{
  let cleanup = () => {{}};
  loaded.then((module) => {{ cleanup = module.default(component); }}, (error) => {{
    component.parentElement.textContent = "This part of the page could not be loaded: " + error.message;
  }});
  return () => cleanup();
}}
"""
