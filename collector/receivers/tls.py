"""TLS of the receiver: one certificate for both transports. With a client CA, clients need a certificate (mTLS)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collector.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    import grpc

    from collector.settings import Settings


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key files that were read and checked."""

    certificate: Path
    client_ca: Path | None
    certificate_pem: bytes
    client_ca_pem: bytes | None

    def for_http(self) -> dict[str, Any]:
        """Return the arguments of uvicorn's configuration."""
        if self.client_ca is None:
            return {"ssl_certfile": self.certificate}
        return {
            "ssl_certfile": self.certificate,
            "ssl_ca_certs": str(self.client_ca),
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
        }

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return the credentials of a gRPC server."""
        import grpc  # noqa: PLC0415 - only the receiver loads it

        return grpc.ssl_server_credentials(
            [(self.certificate_pem, self.certificate_pem)],
            root_certificates=self.client_ca_pem,
            require_client_auth=self.client_ca_pem is not None,
        )


def load_tls(settings: Settings) -> Tls | None:
    """Read the files named in the settings; None without TLS. Raises SettingsError, which names the variable."""
    if settings.tls_certificate is None:
        if settings.tls_client_ca is not None:
            raise SettingsError("SPANLEDGER_TLS_CLIENT_CA needs SPANLEDGER_TLS_CERTIFICATE: set it too")
        return None
    certificate = _read("SPANLEDGER_TLS_CERTIFICATE", settings.tls_certificate)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate, password=_no_password)
    except (ssl.SSLError, ValueError):
        raise SettingsError(
            f"SPANLEDGER_TLS_CERTIFICATE={settings.tls_certificate} must hold, as PEM, a certificate (with its chain)"
            " and the private key that belongs to it, without a password"
        ) from None
    client_ca = None
    if settings.tls_client_ca is not None:
        from cryptography import x509  # noqa: PLC0415 - seldom used, and slow to import

        client_ca = _read("SPANLEDGER_TLS_CLIENT_CA", settings.tls_client_ca)
        try:
            x509.load_pem_x509_certificates(client_ca)
        except ValueError:
            raise SettingsError(
                f"SPANLEDGER_TLS_CLIENT_CA={settings.tls_client_ca} must hold the certificates of authorities as PEM"
            ) from None
    return Tls(settings.tls_certificate, settings.tls_client_ca, certificate, client_ca)


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{name}={path} cannot be read ({error.strerror}): check the path and its mode") from None


def _no_password() -> str:
    """Prevent OpenSSL from prompting at the terminal."""
    raise ValueError
