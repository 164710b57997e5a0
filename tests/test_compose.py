"""What docker-compose.yml says fits together: no container is run here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from collector.settings import Settings

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


def test_no_password_has_a_default_and_the_head_names_each() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    head = text.split("x-spanledger:")[0]
    for name, otherwise in re.findall(r"\$\{(\w+)(.*?)\}", text):
        assert otherwise.startswith(":?"), name
        assert f"#   {name}=" in head


def test_every_setting_of_ours_exists() -> None:
    for service in SERVICES.values():
        for name in service.get("environment", {}):
            if name.startswith("SPANLEDGER_"):
                assert name.removeprefix("SPANLEDGER_").lower() in Settings.model_fields


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
