"""Commands that are more than a few lines; collector/cli.py has the others."""
