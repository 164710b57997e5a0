"""The default model: a small word-level tagger of our own, shipped with the package."""
