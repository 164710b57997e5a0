"""The recipe of the tagger: labelled text from a generator, a small network, weights that ship with the package."""
