"""People and places: the interface of a model, what it is shown, and which of its answers count.

`model` is the interface, `view` builds the model's input, `batching` reads many texts at once, `acceptance` filters
the answers, `not_names` lists words that look like names.
The model itself lives in tagger/ or models/.
"""
