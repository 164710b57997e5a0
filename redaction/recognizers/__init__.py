"""The rules: one module a family, each a set of Presidio recognizers."""
