"""The command line: `main` has the short commands, each longer command has its module."""
