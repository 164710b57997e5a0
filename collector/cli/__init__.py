"""Commands that are more than a few lines; collector/cli/main.py has the others."""
