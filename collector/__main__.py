"""The command `spanledger`, and `python -m collector`.

Each process that an instance starts runs the file of its command again, so the command line is imported in `main` only.
"""

from __future__ import annotations


def main() -> None:
    """Run the command."""
    from collector.cli import main as command_line  # noqa: PLC0415 - see above

    command_line.main()


if __name__ == "__main__":
    main()
