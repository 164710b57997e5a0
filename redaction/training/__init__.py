"""Training of the tagger: a generator of labelled text, a small network, and the weights that ship with the package."""
