"""From the bytes of a request to redacted rows, in worker processes.

`pipeline` is the way through (decode, redact, normalise, price), `workers` runs it in processes, `redact` walks a
request's texts, `text_owner` finds the team of a text, `rules_from_policy` builds the redactors.
"""
