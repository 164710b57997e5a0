"""Settings from environment variables `SPANLEDGER_*`. The defaults are safe on a laptop."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from collector.errors import UserError

if TYPE_CHECKING:
    from schema.policy.policy import Policy


class SettingsError(UserError, ValueError):
    """A setting cannot be used; the message names the variable, its value and the fix."""


_ADVICE = {
    errno.ENOSPC: "Make room on this disk, or name a folder on another one",
    errno.EDQUOT: "Make room on this disk, or name a folder on another one",
    errno.EMFILE: "Allow more open files: ulimit -n 4096",
    errno.ENOLCK: "Name a folder on a local disk: this file system has no locks",
    errno.EOPNOTSUPP: "Name a folder on a local disk: this file system has no locks",
    errno.ENOSYS: "Name a folder on a local disk: this file system has no locks",
}


def _default_data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "spanledger"


def _default_workers() -> int:
    return max(1, min(8, (os.cpu_count() or 1) - 1))  # one core is for the receiver


_ORIGIN = re.compile(r"https?://[^/?#@\s*]+", re.IGNORECASE)


def _listed(origins: str) -> list[str]:
    return [origin for origin in map(str.strip, origins.split(",")) if origin]


_SECRETS: Final = ("dashboard_password", "spool_key", "pseudonym_key", "store_password")
"""Settings that may come from a file, because child processes and `docker inspect` show the environment."""

_MAX_SECRET_BYTES: Final = 4096


class Settings(BaseSettings):
    """The settings of every command. The field `otlp_http_port` is the variable SPANLEDGER_OTLP_HTTP_PORT."""

    model_config = SettingsConfigDict(env_prefix="SPANLEDGER_", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=_default_data_dir, description="spool, keys and the embedded store")
    store: str = Field(default="", description="chdb:///path or clickhouse[s]://user:password@host:port/database")
    store_password: str = Field(default="", description="the password of the store's user, where the URL has none")
    host: str = Field(default="127.0.0.1", description="address that the receiver and the dashboard listen on")
    otlp_http_port: int = Field(default=4318, ge=0, le=65535, description="OTLP over HTTP")
    otlp_grpc_port: int = Field(default=4317, ge=0, le=65535, description="OTLP over gRPC")
    dashboard_port: int = Field(default=8501, ge=0, le=65535, description="the dashboard in the browser")
    workers: int = Field(default_factory=_default_workers, ge=1, le=64, description="redaction processes")
    config: Path | None = Field(default=None, description="the policy file; ./spanledger.yaml if it is there")
    spool_key: str = Field(default="", description="base64 of 32 bytes that seal the spool; else a key file is made")
    pseudonym_key: str = Field(default="", description="base64 of 32 bytes behind pseudonyms; else a key file is made")
    spool_max_bytes: int = Field(default=8 * 2**30, gt=0, description="the spool refuses more than this, in bytes")
    spool_max_age_seconds: int = Field(
        default=7 * 86_400, ge=0, description="the spool refuses while something has waited for longer; 0: never"
    )
    disk_reserve_bytes: int = Field(
        default=256 * 2**20, ge=0, description="free bytes below which the embedded store takes nothing in"
    )
    dashboard_password: str = Field(default="", description="asked for by the dashboard when it is not on loopback")
    tls_certificate: Path | None = Field(default=None, description="PEM of certificate and key: every port speaks TLS")
    tls_client_ca: Path | None = Field(default=None, description="PEM: senders need a certificate of these authorities")
    cors_origins: str = Field(default="", description="pages that may send from a browser: https://a.example, ... or *")

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _origins(cls, origins: str) -> str:
        if all(origin == "*" or _ORIGIN.fullmatch(origin) for origin in _listed(origins)):
            return origins
        raise ValueError("write origins as https://app.example or http://localhost:3000, with commas between, or *")

    @field_validator("data_dir", "config", "tls_certificate", "tls_client_ca", mode="after")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @property
    def browser_origins(self) -> list[str]:
        """Origins of web pages that may send; none by default."""
        return _listed(self.cors_origins)

    @property
    def store_url(self) -> str:
        """URL of the store; by default the embedded store in the data directory."""
        url = self.store or f"chdb://{self.data_dir / 'store'}"
        parts = urlsplit(url)
        if not self.store_password or parts.scheme == "chdb":
            return url
        user, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.store_password, safe='')}@{host}"))

    @model_validator(mode="after")
    def _one_store_password(self) -> Self:
        if self.store_password and not self.store.startswith("chdb:"):
            user, at, _ = urlsplit(self.store).netloc.rpartition("@")
            if not at or ":" in user:
                raise PydanticCustomError(
                    "store_password",
                    "needs SPANLEDGER_STORE=clickhouse[s]://USER@HOST:PORT/DATABASE without a password",
                )
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the receiver and the dashboard."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def make_data_dir(self) -> None:
        """Create the data directory, readable by its owner only. Raises SettingsError."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self.unusable_data_dir(error) from None

    def unusable_data_dir(self, error: OSError) -> SettingsError:
        """Return a SettingsError with the reason why the data directory cannot be used."""
        where = f" ({error.filename})" if error.filename and Path(str(error.filename)) != self.data_dir else ""
        return SettingsError(
            f"SPANLEDGER_DATA_DIR={self.data_dir} cannot be used: {error.strerror}{where}."
            f" {_ADVICE.get(error.errno or 0, 'Name a folder in which this user can write')}."
        )

    @property
    def spool_path(self) -> Path:
        """The spool's SQLite file."""
        return self.data_dir / "spool.sqlite"

    @property
    def key_path(self) -> Path:
        """The file of the key that seals the spool, if the environment has none."""
        return self.data_dir / "spool.key"

    @property
    def pseudonym_key_path(self) -> Path:
        """The file of the key for pseudonyms, if the environment has none."""
        return self.data_dir / "pseudonym.key"

    @property
    def api_path(self) -> Path:
        """The file with address and token of the running instance, readable by its owner only."""
        return self.data_dir / "api.json"

    @property
    def lock_path(self) -> Path:
        """The lock file of the data directory; an instance holds it while it runs."""
        return self.data_dir / "lock"

    @property
    def heartbeat_path(self) -> Path:
        """The file in which the server of a running instance reports that it works."""
        return self.data_dir / "heartbeat.json"

    @property
    def policy_path(self) -> Path | None:
        """The policy file, if there is one."""
        if self.config:
            return self.config
        here = Path("spanledger.yaml").absolute()
        return here if os.path.lexists(here) else None  # a dangling link is an error, not a missing file

    def policy(self) -> Policy:
        """Read the policy file. Raises PolicyError."""
        from schema.policy.policy import load_policy  # noqa: PLC0415 - most commands need no policy

        return load_policy(self.policy_path)


def load_settings() -> Settings:
    """Read the environment. Raises SettingsError, which names the variable but never quotes a secret."""
    try:
        return Settings(**_from_files())
    except ValidationError as error:
        problems = "; ".join(
            f"SPANLEDGER_{str((problem['loc'] or (problem['type'],))[0]).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(problems) from None


def _from_files() -> dict[str, Any]:
    """Return the secrets in the files of SPANLEDGER_…_FILE. Raises SettingsError."""
    secrets = {}
    for field in _SECRETS:
        variable = f"SPANLEDGER_{field.upper()}"
        if path := os.environ.get(f"{variable}_FILE"):
            if os.environ.get(variable):
                raise SettingsError(f"{variable} and {variable}_FILE are both set: unset one of them")
            secrets[field] = _secret(f"{variable}_FILE={path}", Path(path))
    return secrets


def _secret(setting: str, path: Path) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), encoding="utf-8") as file:  # noqa: PTH123 - it takes the descriptor
            secret = file.read(_MAX_SECRET_BYTES + 1).rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{setting} cannot be read ({error.strerror}): check the path and its mode") from None
    except (UnicodeDecodeError, ValueError):
        raise SettingsError(f"{setting} is not UTF-8 text") from None
    if not secret.strip() or len(secret) > _MAX_SECRET_BYTES:
        raise SettingsError(
            f"{setting} is empty or longer than {_MAX_SECRET_BYTES} characters: write the secret into it"
        )
    return secret


def refuse_keyless_receiver(settings: Settings, policy: Policy, *, receiver: bool, dashboard: bool) -> None:
    """Raise SettingsError if receiver or dashboard would listen beyond this machine without authentication."""
    if settings.loopback:
        return
    if receiver and not policy.ingest_keys:
        raise SettingsError(
            f"SPANLEDGER_HOST={settings.host} is reachable from other machines and no ingest keys are set:"
            " add ingest_keys to spanledger.yaml, or listen on 127.0.0.1"
        )
    if dashboard and not settings.dashboard_password:
        raise SettingsError(
            f"SPANLEDGER_HOST={settings.host} is reachable from other machines and the dashboard has no password:"
            " set SPANLEDGER_DASHBOARD_PASSWORD, or listen on 127.0.0.1"
        )
