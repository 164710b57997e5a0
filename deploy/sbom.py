"""Write a software bill of materials (CycloneDX 1.6, JSON) from the lock files: `make sbom`.

It needs no network, and the same locks and installed packages give the same bytes. Licences come from the metadata of
what is installed here; a package that is not installed has none in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
import uuid
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Final

from locked import LockError, Pinned, read_lock

ROOT: Final = Path(__file__).resolve().parent.parent
_OSI: Final = "License :: OSI Approved :: "
_LONGEST_NAME: Final = 100  # characters; some packages write the whole text of their licence there


def bill(locks: list[Path]) -> dict[str, Any]:
    """Return the document. Raises LockError."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    pinned = {one.name: one for lock in reversed(locks) for one in read_lock(lock)}
    packages = [pinned[name] for name in sorted(pinned)]
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "purl": root,
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [_component(one) for one in packages],
        "dependencies": _dependencies(project["name"], root, packages),
    }
    content = json.dumps(document, sort_keys=True)
    return {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}", **document}


def _component(one: Pinned) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "purl": one.purl,
    }
    if licences := _licences(one.name):
        component["licenses"] = licences
    if one.hashes:
        component["externalReferences"] = [
            {
                "type": "distribution",
                "url": one.purl,
                "comment": "the files that the lock admits",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(set(one.hashes))],
            }
        ]
    if one.marker:
        component["properties"] = [{"name": "spanledger:marker", "value": one.marker}]
    return component


def _licences(name: str) -> list[dict[str, Any]]:
    try:
        known = metadata(name).json
    except PackageNotFoundError:
        return []
    if expression := known.get("license_expression"):
        return [{"expression": expression}]
    named = [text.removeprefix(_OSI) for text in known.get("classifier", []) if text.startswith(_OSI)]
    written = str(known.get("license", "")).strip()
    if not named and written and len(written) <= _LONGEST_NAME and "\n" not in written:
        named = [written]
    return [{"license": {"name": text}} for text in sorted(set(named))]


def _dependencies(project: str, root: str, packages: list[Pinned]) -> list[dict[str, Any]]:
    """Return who needs whom; what a lock only names by file is needed by the project itself."""
    reference = {one.name: one.purl for one in packages} | {project: root}
    needs: dict[str, set[str]] = {purl: set() for purl in reference.values()}
    for one in packages:
        known = [name for name in one.wanted_by if name in reference]
        for name in known or [project]:
            needs[reference[name]].add(one.purl)
    return [{"ref": purl, "dependsOn": sorted(needs[purl])} for purl in sorted(needs)]


def main() -> None:
    """Print the bill of the locks that are named, or write it to a file."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("locks", nargs="+", type=Path)
    arguments.add_argument("--output", type=Path)
    given = arguments.parse_args()
    try:
        text = json.dumps(bill(given.locks), indent=2, ensure_ascii=False) + "\n"
    except (LockError, OSError) as error:
        sys.exit(f"sbom: {error}")
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
