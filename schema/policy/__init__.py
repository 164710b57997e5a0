"""`spanledger.yaml`: what it may hold, and errors that name the line.

`policy` is the file as a whole, `redaction` and `ingest_keys` are sections, `yaml_lines` reads YAML with line numbers.
A new section is a model in a module of its own and a field of `policy.Policy`.
"""
