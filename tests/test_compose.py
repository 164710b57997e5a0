"""docker-compose.yml is consistent; no container runs in these tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
import yaml

from collector.settings import _SECRETS, Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROXY = (ROOT / "deploy" / "haproxy.cfg").read_text(encoding="utf-8")
MADE_BY_THE_OPERATOR = {"./policy"}


def mounts(service: dict[str, Any]) -> list[str]:
    return [volume.split(":")[0] for volume in service["volumes"]]


def test_every_file_that_is_mounted_is_there_and_every_volume_is_declared() -> None:
    for name, service in SERVICES.items():
        for source in mounts(service):
            if not source.startswith("."):
                assert source in COMPOSE["volumes"], name
            elif source not in MADE_BY_THE_OPERATOR:
                assert (ROOT / source).is_file(), source


def test_no_secret_has_a_default_or_stands_in_the_environment_and_the_head_names_each() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    head = text.split("x-hardened:")[0]
    assert "${" not in text
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        assert f"#   secrets/{name}" in head
    for name, service in SERVICES.items():
        given = service.get("environment", {})
        files = {value.rpartition("/")[2] for key, value in given.items() if key.endswith("_FILE")}
        assert files == set(service.get("secrets", [])), name
        assert not [key for key in given if re.search("PASSWORD$|KEY$|TOKEN$", key)], name
        assert (
            "@" not in str(given.get("SPANLEDGER_STORE", ""))
            or ":" not in urlsplit(given["SPANLEDGER_STORE"]).netloc.split("@")[0]
        )


def test_every_spanledger_setting_exists() -> None:
    for service in SERVICES.values():
        for name in service.get("environment", {}):
            if name.startswith("SPANLEDGER_"):
                field = name.removeprefix("SPANLEDGER_").lower()
                assert field.removesuffix("_file") in (_SECRETS if field.endswith("_file") else Settings.model_fields)


def test_every_container_can_do_no_more_than_it_must() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert str(service["user"]).split(":")[0] not in ("0", "root"), name
        assert service["ulimits"]["core"] == 0, name
        assert 0 < service["pids_limit"] <= 8192, name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        for volume in service["volumes"]:
            assert volume.endswith(":ro") or not volume.startswith("."), volume
            assert "docker.sock" not in volume
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)$", image, re.MULTILINE)[-1] == SERVICES["dashboard"]["user"] == "10001:10001"


def test_what_is_written_has_a_place() -> None:
    """The data directory, temporary files, and files that ClickHouse's image writes at its start."""
    for name, service in SERVICES.items():
        places = [volume.split(":")[1] for volume in service["volumes"]] + [
            place.split(":")[0] for place in service.get("tmpfs", [])
        ]
        if name != "proxy":
            assert "/tmp" in places, name
        if "build" in service:
            assert "/data" in places, name
    assert "/etc/clickhouse-server/users.d" in [place.split(":")[0] for place in SERVICES["clickhouse"]["tmpfs"]]


def ignored(path: str) -> bool:
    """Return whether .dockerignore excludes a path by Docker's rule: the last matching pattern decides."""
    out = False
    parents = [str(parent) for parent in [Path(path), *Path(path).parents][:-1]]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!").strip("/")
        if not pattern or line.startswith("#"):
            continue
        regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(regex, parent) for parent in parents):
            out = not line.startswith("!")
    return out


COPIED = [
    source
    for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for source in line.split()[:-1]
]


def in_image(path: str) -> bool:
    return not ignored(path) and any(source in {".", path} or path.startswith(f"{source}/") for source in COPIED)


SECRETS = [
    *(".env", ".env.production", ".envrc", "policy/spanledger.yaml", "policy/keys.txt", "spanledger.yaml", "secrets/a"),
    *("server.pem", "server.key", "collector/server.pem", "collector/receivers/tls/own.key", "schema/.env", "id_rsa"),
    *(".git/config", ".git/hooks/pre-commit", "schema/.git/config", ".ssh/id_ed25519", "redaction/.cache/x", ".netrc"),
    *(
        "data/spool.sqlite",
        "data/spool.key",
        ".spanledger/store/x",
        "collector/spool.sqlite-wal",
        "api.json",
        "dump.sql",
    ),
    *("dashboard/.streamlit/secrets.toml", ".venv/bin/python", "tests/data/otlp/x", "docker-compose.yml", "backup.tar"),
    *("collector/spanledger.yaml", "schema/secrets/password", "collector/client.p12", "requirements-dev.lock"),
]


@pytest.mark.parametrize("path", SECRETS)
def test_no_secret_goes_into_the_image(path: str) -> None:
    assert not in_image(path)


def test_what_the_image_needs_goes_into_it() -> None:
    needed = ["Makefile", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "NOTICE"]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    packages = ("schema/", "redaction/", "collector/", "dashboard/")
    needed += [path for path in tracked if path.startswith(packages)] or ["schema/policy/policy.py"]
    assert [path for path in needed if not in_image(path)] == []
    assert {source for source in COPIED if not (ROOT / source).exists()} == set()


def test_git_does_not_take_secrets_in_by_mistake() -> None:
    kept = (
        ".env",
        ".env.local",
        "policy/spanledger.yaml",
        "secrets/dashboard_password",
        "server.pem",
        "spanledger.yaml",
    )
    done = subprocess.run(["git", "check-ignore", *kept], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 128:
        pytest.skip("this is no clone")
    assert done.stdout.split() == list(kept)


def test_every_service_says_whether_it_is_healthy_and_starts_again() -> None:
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_each_collector_has_a_spool_of_its_own_and_is_reached_by_the_proxy_only() -> None:
    collectors = [name for name in SERVICES if name.startswith("collector-")]
    assert len({mounts(SERVICES[name])[0] for name in collectors}) == len(collectors) == 2
    for port in ("4317", "4318"):
        assert re.findall(rf"^    server (\S+) \1:{port}\b", PROXY, re.MULTILINE) == collectors
        assert f"{port}:{port}" in SERVICES["proxy"]["ports"]
    assert not any("ports" in SERVICES[name] for name in collectors)


def test_the_proxy_keeps_idle_connections_for_as_long_as_exporters_pause() -> None:
    kept = re.search(r"^    timeout http-keep-alive (\d+)s", PROXY, re.MULTILINE)
    assert kept is not None, "the time for a head would hold"
    assert int(kept[1]) > 60


def test_what_the_server_writes_about_itself_is_not_kept_for_ever() -> None:
    config = ET.parse(ROOT / "deploy" / "clickhouse" / "config.xml").getroot()
    logs = [entry for entry in config if entry.tag.endswith("_log")]
    kept = [entry for entry in logs if entry.get("remove") is None]
    assert {"query_log", "part_log"} <= {entry.tag for entry in kept}
    assert all(re.fullmatch(r"event_date \+ INTERVAL \d+ DAY DELETE", entry.findtext("ttl", "")) for entry in kept)
    assert {"trace_log", "text_log", "metric_log"} <= {entry.tag for entry in logs} - {entry.tag for entry in kept}


def test_the_proxy_reads_its_configuration() -> None:
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    checked = subprocess.run(
        [haproxy, "-c", "-f", str(ROOT / "deploy" / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
