"""The command `spanledger`, and `python -m collector`.

Each child process imports this file again, so `main` imports the command line itself.
"""

from __future__ import annotations


def main() -> None:
    """Run the command."""
    from collector.cli import main as command_line  # noqa: PLC0415 - see above

    command_line.main()


if __name__ == "__main__":
    main()
