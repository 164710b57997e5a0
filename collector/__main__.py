"""`python -m collector` is the command `spanledger`."""

from collector.cli import main

main()
