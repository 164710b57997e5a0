"""A text taken apart into the texts inside of it: JSON, escapes, encodings, items of an array.

Each leaf knows where it came from, so that a replacement inside of base64 inside of JSON lands in the right place.
A new encoding to see through goes here.
"""
