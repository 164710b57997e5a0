"""Takes a text apart into leaves: JSON, escapes, encodings, items of an array.

Each leaf keeps its place in the raw text, so that a replacement inside of base64 inside of JSON lands there.
A decoder for another encoding goes here.
"""
