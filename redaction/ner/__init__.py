"""People and places: the interface of a model, its input, and the filter of its answers.

`model` is the interface, `view` builds the model's input, `batching` reads many texts together, `whole_words` moves
the answers to word boundaries, `acceptance` filters and joins them, `not_names` lists words that look like names.
The models themselves are in tagger/ and models/.
"""
