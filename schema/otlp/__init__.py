"""OTLP values as Python values: attributes, resources, span events, timestamps.

What may live here: reading a protobuf value of OTLP without knowing any framework's conventions.
What may not: names of attributes (dialects/), columns (normalise/), anything that stores.
"""
