"""Read the text of the policy file: once, of bounded size, and only from a regular file."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 1 << 20
"""Bytes that the file may have: some 11,000 ingest keys. A larger file is refused before it is read."""


class PolicyError(ValueError):
    """The policy file cannot be used; the message names the file, the line, the place and the problem."""


def read_policy_text(path: Path) -> str:
    """Return the text of the file. Raises PolicyError, which names the file.

    A named pipe, a device or a folder at this path is refused without waiting for it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise PolicyError("the path of the policy file holds a NUL: no file can be called so") from None
    try:
        content = _content(path, descriptor)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror})") from None
    finally:
        os.close(descriptor)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: is not UTF-8 text") from None


def _content(path: Path, descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise PolicyError(f"{path}: is not a regular file")
    if status.st_size <= MAX_BYTES:
        content = b""
        while len(content) <= MAX_BYTES:
            part = os.read(descriptor, MAX_BYTES + 1 - len(content))
            if not part:
                return content
            content += part
    raise PolicyError(f"{path}: is larger than {MAX_BYTES:,} bytes: a policy file has fewer")
