"""TLS and mutual TLS on both ports: accepted and refused clients, and errors of unusable files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from instance import Instance, command
from made_certificates import Authority
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from otlp_grpc_client import Client
from running_receiver import one_span

from collector.receivers.tls import load_tls
from collector.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running_receiver import RunningReceiver


PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def test_both_ports_speak_tls_and_nothing_else(
    start_receiver: Callable[..., RunningReceiver], authority: Authority
) -> None:
    receiver = start_receiver(tls_certificate=authority.certify("receiver"), client_tls=authority.trusted())
    answer = httpx.post(
        f"{receiver.url}/v1/traces", content=one_span(1), headers=PROTOBUF, verify=authority.trusted(), timeout=60
    )
    assert answer.status_code == 200
    with Client(receiver.grpc_address, authority.trusted_by_grpc()) as client:
        assert client.send(one_span(2))[0] == grpc.StatusCode.OK
    with pytest.raises(httpx.TransportError):
        httpx.post(f"http://127.0.0.1:{receiver.port}/v1/traces", content=one_span(3), headers=PROTOBUF)
    with Client(receiver.grpc_address) as client:
        assert client.send(one_span(3))[0] == grpc.StatusCode.UNAVAILABLE
    assert [waiting.body for waiting in receiver.open_spool().take(10, 1 << 30)] == [one_span(1), one_span(2)]


def test_with_a_client_ca_only_its_certificates_get_in(
    start_receiver: Callable[..., RunningReceiver], authority: Authority, tmp_path: Path
) -> None:
    clients = Authority(tmp_path, "clients")
    known = clients.certify("agent")
    stranger = authority.certify("stranger")
    receiver = start_receiver(
        tls_certificate=authority.certify("receiver"),
        tls_client_ca=clients.certificate,
        client_tls=authority.trusted(known),
    )
    url = f"{receiver.url}/v1/traces"
    assert httpx.post(url, content=one_span(1), headers=PROTOBUF, verify=authority.trusted(known)).is_success
    with Client(receiver.grpc_address, authority.trusted_by_grpc(known)) as client:
        assert client.send(one_span(2))[0] == grpc.StatusCode.OK
    for refused in (None, stranger):
        with pytest.raises(httpx.TransportError):
            httpx.post(url, content=one_span(3), headers=PROTOBUF, verify=authority.trusted(refused))
        with Client(receiver.grpc_address, authority.trusted_by_grpc(refused)) as client:
            assert client.send(one_span(3))[0] == grpc.StatusCode.UNAVAILABLE
    assert [waiting.body for waiting in receiver.open_spool().take(10, 1 << 30)] == [one_span(1), one_span(2)]


def test_stock_exporters_deliver_with_a_certificate_of_their_own(
    start_receiver: Callable[..., RunningReceiver], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they win over the exporter's own setting
        monkeypatch.delenv(name, raising=False)
    own = authority.certify("agent")
    receiver = start_receiver(
        tls_certificate=authority.certify("receiver"),
        tls_client_ca=authority.certificate,
        client_tls=authority.trusted(own),
    )
    exporters = [
        HttpExporter(
            f"{receiver.url}/v1/traces",
            certificate_file=str(authority.certificate),
            client_certificate_file=str(own),
            client_key_file=str(own),
        ),
        GrpcExporter(f"https://{receiver.grpc_address}", credentials=authority.trusted_by_grpc(own)),
    ]
    for exporter in exporters:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("test").start_span("call").end()
        provider.shutdown()
    assert len(receiver.open_spool().take(10, 1 << 30)) == 2


def test_a_file_that_cannot_be_used_is_named_with_its_variable(authority: Authority, tmp_path: Path) -> None:
    good = authority.certify("receiver")
    missing = tmp_path / "missing.pem"
    locked = authority.certify("locked", serialization.BestAvailableEncryption(b"secret"))
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes(authority.certificate.read_bytes() + good.read_bytes().partition(b"-----BEGIN PRIVATE")[2])
    nothing = tmp_path / "nothing.pem"
    nothing.write_bytes(b"nothing")
    unusable = [
        ({"tls_client_ca": good}, "SPANLEDGER_TLS_CLIENT_CA needs SPANLEDGER_TLS_CERTIFICATE"),
        ({"tls_certificate": missing}, f"SPANLEDGER_TLS_CERTIFICATE={missing} cannot be read"),
        ({"tls_certificate": tmp_path}, f"SPANLEDGER_TLS_CERTIFICATE={tmp_path} cannot be read"),
        ({"tls_certificate": authority.certificate}, "the private key that belongs to it"),
        ({"tls_certificate": mixed}, "the private key that belongs to it"),
        ({"tls_certificate": locked}, "without a password"),
        ({"tls_certificate": good, "tls_client_ca": missing}, f"SPANLEDGER_TLS_CLIENT_CA={missing} cannot be read"),
        ({"tls_certificate": good, "tls_client_ca": nothing}, "must hold the certificates of authorities"),
    ]
    for settings, sentence in unusable:
        with pytest.raises(SettingsError) as error:
            load_tls(Settings.model_validate(settings))
        assert sentence in str(error.value)
    done = command(tmp_path / "data", "up", SPANLEDGER_TLS_CERTIFICATE=str(missing))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"SPANLEDGER_TLS_CERTIFICATE={missing} cannot be read" in done.stderr


def test_an_instance_announces_https(authority: Authority, tmp_path: Path) -> None:
    settings = {"SPANLEDGER_TLS_CERTIFICATE": str(authority.certify("receiver"))}
    instance = Instance(tmp_path / "data", settings).start("collect")
    try:
        assert instance.endpoints["otlp_grpc"].startswith("https://127.0.0.1:")
        url = f"{instance.endpoints['otlp_http']}/v1/traces"
        assert httpx.post(url, content=one_span(), headers=PROTOBUF, verify=authority.trusted()).is_success
        address = instance.endpoints["otlp_grpc"].removeprefix("https://")
        with Client(address, authority.trusted_by_grpc()) as client:
            assert client.send(one_span(2))[0] == grpc.StatusCode.OK
        instance.settled()
        assert instance.sql("SELECT count() AS spans FROM spans") == [{"spans": 2}]
    finally:
        instance.stop()
