"""OTLP requests on the wire: messages, the JSON encoding, and refusals with their status.

What may live here: anything about the format that both receivers and files of requests need.
"""
