"""Pin the images of Dockerfile and docker-compose.yml to the digests that the registry has now: `make digests`.

A tag can be moved to another image, a digest cannot. Needs docker with buildx, and the registry.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_IMAGE: Final = re.compile(r"^(\s*image:|FROM) +(?P<name>[^\s@]+:[^\s@]+)(?:@sha256:[0-9a-f]{64})?", re.MULTILINE)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(image: str) -> str:
    """Return the digest of an image of many platforms. Ends the program where the registry does not say."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - names of our own files
    except FileNotFoundError:
        sys.exit("pin_images: docker is not installed: run this where it is")
    found = done.stdout.strip()
    if done.returncode or not _DIGEST.fullmatch(found):
        sys.exit(f"pin_images: the registry gives no digest for {image}: {done.stderr.strip()[:200]}")
    return found


def main() -> None:
    """Ask for every image first, so that the files are pinned all or not at all."""
    files = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "docker-compose.yml")}
    names = sorted({found["name"] for text in files.values() for found in _IMAGE.finditer(text)})
    digests = {name: digest_of(name) for name in names}
    for name, text in files.items():
        pinned = _IMAGE.sub(lambda found: f"{found[1]} {found['name']}@{digests[found['name']]}", text)
        (ROOT / name).write_text(pinned, encoding="utf-8")
    for name in names:
        sys.stdout.write(f"{name}@{digests[name]}\n")


if __name__ == "__main__":
    main()
