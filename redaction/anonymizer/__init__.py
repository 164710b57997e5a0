"""Writes the replacements of findings: merges hits, applies operators, splices the results into the text.

A new action of the policy (besides replace, mask, pseudonym, drop, keep) goes to `operators`.
"""
