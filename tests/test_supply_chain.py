"""The bill of materials and the audit of known vulnerabilities, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
LOCKS = ["requirements.lock", "requirements-model.lock"]

_TEXT = {"type": "string", "minLength": 1}
_LICENCE = {
    "type": "array",
    "items": {
        "oneOf": [
            {
                "type": "object",
                "required": ["expression"],
                "additionalProperties": False,
                "properties": {"expression": _TEXT},
            },
            {
                "type": "object",
                "required": ["license"],
                "additionalProperties": False,
                "properties": {
                    "license": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {"name": _TEXT},
                    }
                },
            },
        ]
    },
}
_COMPONENT = {
    "type": "object",
    "required": ["type", "name"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["application", "library"]},
        "bom-ref": _TEXT,
        "name": _TEXT,
        "version": _TEXT,
        "purl": {"type": "string", "pattern": "^pkg:pypi/[a-z0-9-]+@[^@]+$"},
        "licenses": _LICENCE,
        "externalReferences": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url", "type"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "distribution"},
                    "url": _TEXT,
                    "comment": _TEXT,
                    "hashes": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["alg", "content"],
                            "additionalProperties": False,
                            "properties": {"alg": {"const": "SHA-256"}, "content": {"pattern": "^[a-f0-9]{64}$"}},
                        },
                    },
                },
            },
        },
        "properties": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "additionalProperties": False,
                "properties": {"name": _TEXT, "value": _TEXT},
            },
        },
    },
}
CYCLONEDX: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "description": "The parts of bom-1.6.schema.json that are used here, and no others.",
    "type": "object",
    "required": ["bomFormat", "specVersion", "serialNumber", "version", "components", "dependencies"],
    "additionalProperties": False,
    "properties": {
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {"pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
        "version": {"type": "integer", "minimum": 1},
        "metadata": {"type": "object", "additionalProperties": False, "properties": {"component": _COMPONENT}},
        "components": {"type": "array", "uniqueItems": True, "items": _COMPONENT},
        "dependencies": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["ref"],
                "additionalProperties": False,
                "properties": {"ref": _TEXT, "dependsOn": {"type": "array", "uniqueItems": True, "items": _TEXT}},
            },
        },
    },
}


def script(name: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / name), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_bill_is_cyclonedx_and_names_every_pinned_package() -> None:
    text = script("sbom.py", *LOCKS).stdout
    bill = json.loads(text)
    jsonschema.Draft7Validator(CYCLONEDX).validate(bill)
    pinned = {
        line.split("==")[0]
        for lock in LOCKS
        for line in (ROOT / lock).read_text().splitlines()
        if "==" in line.split("#")[0]
    }
    components = {component["name"]: component for component in bill["components"]}
    assert components.keys() == pinned
    assert all(component["externalReferences"][0]["hashes"] for component in components.values())
    assert components["packaging"]["licenses"] == [{"expression": "Apache-2.0 OR BSD-2-Clause"}]
    references = [one["bom-ref"] for one in components.values()] + [bill["metadata"]["component"]["bom-ref"]]
    assert len(set(references)) == len(references)
    assert {one["ref"] for one in bill["dependencies"]} == set(references)
    needed = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    assert {name for names in needed.values() for name in names} <= set(references)
    assert components["starlette"]["purl"] in needed[components["fastapi"]["purl"]]
    assert components["fastapi"]["purl"] in needed[bill["metadata"]["component"]["bom-ref"]]
    assert script("sbom.py", *LOCKS).stdout == text, "the same locks give the same bytes"


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [*events]}],
        "versions": more.pop("versions", []),
    }
    return {"id": more.pop("id", "PYSEC-2026-1"), "summary": "It opens the door.", "affected": [affected], **more}


@pytest.fixture
def audited(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def audit(*advisories: dict[str, Any], lock: str = "demo-package==1.10.0\nother==2.0\n") -> Any:
        (tmp_path / "demo.lock").write_text(lock)
        folder = tmp_path / "database" / "vulns"
        folder.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(advisories):
            (folder / f"{number}.json").write_text(json.dumps(one))
        return script("audit.py", tmp_path / "demo.lock", "--database", tmp_path / "database")

    return audit


INTRODUCED = {"introduced": "0"}


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([INTRODUCED, {"fixed": "1.9.0"}], 0),  # 1.10 comes after 1.9
        ([INTRODUCED, {"fixed": "1.10.0"}], 0),
        ([INTRODUCED, {"fixed": "1.10"}], 0),  # 1.10 is 1.10.0
        ([INTRODUCED, {"fixed": "1.10.1"}], 1),
        ([INTRODUCED, {"fixed": "2.0.0rc1"}], 1),
        ([INTRODUCED], 1),
        ([{"introduced": "1.10.0"}], 1),
        ([{"introduced": "1.10.0.post1"}], 0),
        ([{"introduced": "1.10.1"}], 0),
        ([INTRODUCED, {"last_affected": "1.10.0"}], 1),
        ([INTRODUCED, {"last_affected": "1.9.99"}], 0),
        ([{"introduced": "2.0"}, {"fixed": "2.1"}, INTRODUCED, {"fixed": "1.0"}], 0),  # in any order
        ([INTRODUCED, {"fixed": "1.0"}, {"introduced": "1.5"}, {"fixed": "1.11"}], 1),
        ([INTRODUCED, {"fixed": "not a version"}], 1),  # somebody looks at it
    ],
)
def test_ranges_are_compared_as_versions(audited: Any, events: list[dict[str, str]], status: int) -> None:
    done = audited(advisory("Demo_Package", *events))
    assert done.returncode == status, done.stdout + done.stderr
    assert ("demo-package" in done.stdout) == (status == 1)


def test_the_table_says_what_to_do(audited: Any) -> None:
    done = audited(
        advisory(
            "demo-package", INTRODUCED, {"fixed": "1.2"}, {"introduced": "1.3"}, {"fixed": "1.11"}, aliases=["CVE-1"]
        ),
        advisory("demo-package", INTRODUCED, id="GHSA-1", aliases=["CVE-1"]),
        advisory("other", {"introduced": "3"}, id="PYSEC-2", versions=["2.0.0"]),
        advisory("other", INTRODUCED, id="PYSEC-3", withdrawn="2026-01-01T00:00:00Z"),
        advisory("stranger", INTRODUCED, id="PYSEC-4"),
    )
    assert done.returncode == 1
    head, first, second = done.stdout.splitlines()
    assert head.split()[:3] == ["package", "version", "advisory"]
    assert first.split()[:5] == ["demo-package", "1.10.0", "PYSEC-2026-1", "CVE-1", "1.11"]
    assert second.split()[:3] == ["other", "2.0", "PYSEC-2"]


def test_a_database_may_be_an_archive_or_hold_yaml(tmp_path: Path) -> None:
    (tmp_path / "demo.lock").write_text(
        "demo-package==1.10.0 ; python_version < '4' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    )
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a/PYSEC-1.json", json.dumps(advisory("demo-package", INTRODUCED)))
    (tmp_path / "yaml").mkdir()
    (tmp_path / "yaml" / "PYSEC-1.yaml").write_text(
        "id: PYSEC-1\naffected:\n- package: {ecosystem: PyPI, name: demo-package}\n"
        "  ranges: [{type: ECOSYSTEM, events: [{introduced: '0'}, {fixed: 2.0.0}]}]\n"
    )
    for database in ("all.zip", "yaml", "yaml/PYSEC-1.yaml"):
        done = script("audit.py", tmp_path / "demo.lock", "--database", tmp_path / database)
        assert done.returncode == 1, done.stderr
        assert "demo-package" in done.stdout
    done = script("audit.py", tmp_path / "demo.lock", "--database", tmp_path / "yaml", "--ignore", "PYSEC-1")
    assert (done.returncode, done.stdout) == (0, "1 packages, nothing known\n")


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "nonsense", "[" * 100_000])
def test_no_database_is_not_no_vulnerabilities(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "demo.lock").write_text("demo-package==1.10.0\n")
    if content is not None:
        (tmp_path / "database.json").write_text(content)
    done = script("audit.py", tmp_path / "demo.lock", "--database", tmp_path / "database.json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("line", ["demo>=1", "demo", "demo==1.*", "demo @ file:///x", "-e ."])
def test_a_lock_that_pins_nothing_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "demo.lock").write_text(f"{line}\n")
    done = script("sbom.py", tmp_path / "demo.lock")
    assert done.returncode == 1
    assert "demo.lock:1: " in done.stderr


def test_our_locks_can_be_audited(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(advisory("nothing-of-ours", INTRODUCED)))
    done = script("audit.py", *LOCKS, "requirements-dev.lock", "--database", tmp_path / "one.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("packages, nothing known\n")


def test_images_are_pinned_by_what_the_registry_says(tmp_path: Path) -> None:
    """A fake `docker` replaces the registry."""
    copy = tmp_path / "project"
    (copy / "deploy").mkdir(parents=True)
    for name in ("Dockerfile", "docker-compose.yml", "deploy/pin_images.py"):
        (copy / name).write_text((ROOT / name).read_text())
    digest = "sha256:" + "ab" * 32
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho {digest}\n")
    docker.chmod(0o755)
    run = [sys.executable, str(copy / "deploy" / "pin_images.py")]
    path = {"PATH": f"{tmp_path}:/bin:/usr/bin"}
    for _ in range(2):  # pinned images are pinned anew
        done = subprocess.run(run, env=os.environ | path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        lines = [
            *(copy / "Dockerfile").read_text().splitlines(),
            *(copy / "docker-compose.yml").read_text().splitlines(),
        ]
        named = [line for line in lines if line.startswith("FROM ") or "image: " in line]
        assert len(named) == 4
        assert all(line.count(f"@{digest}") == 1 for line in named)
    docker.write_text("#!/bin/sh\nexit 1\n")
    before = (copy / "Dockerfile").read_text()
    done = subprocess.run(run, env=os.environ | path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (copy / "Dockerfile").read_text() == before
