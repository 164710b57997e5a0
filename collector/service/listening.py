"""Sockets for the addresses that an instance listens on; the same rules for HTTP, gRPC and the dashboard.

`0.0.0.0` and `::` both mean every address of the machine, IPv4 and IPv6, as in gRPC; `localhost` means 127.0.0.1.
"""

from __future__ import annotations

import errno
import socket
from typing import Final

_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_NO_IPV6: Final = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    listener = _bound(host, port, socket.SO_REUSEADDR)
    try:
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that reserves the port for gRPC, which does not accept a listening socket. Raises OSError.

    It does not listen: while a receiver is restarted, exporters are refused, and retry.
    """
    # With SO_REUSEPORT on both sides, two programs could share the port by mistake: check without it first.
    if port:
        listen(host, port).close()
    return _bound(host, port, socket.SO_REUSEPORT)


def address_of(listener: socket.socket) -> str:
    """Return the address of a socket in gRPC's form: `127.0.0.1:4317`, `[::1]:4317`."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound(host: str, port: int, option: int) -> socket.socket:
    if host in _EVERYWHERE:
        try:
            return _bound_to(socket.AF_INET6, "::", port, option)
        except OSError as error:
            if error.errno not in _NO_IPV6:
                raise
            host = _EVERYWHERE[0]  # a machine without IPv6
    return _bound_to(socket.AF_INET6 if ":" in host else socket.AF_INET, host, port, option)


def _bound_to(family: socket.AddressFamily, host: str, port: int, option: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
