"""Rampart, a BERT token classifier for PII (6 layers of 384), as dynamic int8 on ONNX Runtime."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from redaction.models.directory import default_directory, load_files
from redaction.ner.model import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LABELS = {
    "GIVEN_NAME": "PERSON",
    "SURNAME": "PERSON",
    "EMAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "STREET_NAME": "STREET",
    "BUILDING_NUMBER": "BUILDING",
    "SECONDARY_ADDRESS": "UNIT",
    "CITY": "CITY",
    "STATE": "STATE",
    "ZIP_CODE": "ZIP",
    "TAX_ID": "ID_NUMBER",
    "BANK_ACCOUNT": "ID_NUMBER",
    "ROUTING_NUMBER": "ID_NUMBER",
    "GOVERNMENT_ID": "ID_NUMBER",
    "PASSPORT": "ID_NUMBER",
    "DRIVERS_LICENSE": "ID_NUMBER",
}
"""Our labels for Rampart's. URL is left out: a URL is no PII, and rules find the PII in it."""


_WINDOW, _OVERLAP = 510, 64  # tokens; the model reads 512 with its two marks


class Rampart:
    """The model, loaded once; not for use from two threads at the same time.

    Texts are read one at a time and without padding: dynamic int8 scales each tensor by its own range, so in a batch
    the scores of a text would depend on the others. Measured, batches of 4 are no faster than 1 on one core.
    """

    name = "rampart"
    max_chars = 480
    pace = 5_000
    reads_keys = False

    def __init__(self, directory: Path | None = None, threshold: float = 0.05) -> None:
        contents = load_files(directory or default_directory())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            contents["model.onnx"], options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Any = Tokenizer.from_str(contents["tokenizer.json"].decode())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        names = json.loads(contents["config.json"])["id2label"]
        self._labels = [LABELS.get(names[str(index)][2:], "") for index in range(len(names))]
        self._threshold = threshold
        self._first, self._last = (self._tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find the entities of each text; scores are 1 - p(no entity) of the surest token."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            merge(text, sorted(self._tokens(encoding.ids, encoding.offsets)))
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    def _tokens(self, ids: list[int], offsets: list[tuple[int, int]]) -> Iterator[Entity]:
        starts = range(0, max(len(ids) - _OVERLAP, 1), _WINDOW - _OVERLAP)
        for start in starts:
            window = np.array([[self._first, *ids[start : start + _WINDOW], self._last]], np.int64)
            feed = {
                "input_ids": window,
                "attention_mask": np.ones_like(window),
                "token_type_ids": np.zeros_like(window),
            }
            logits = self._session.run(None, feed)[0][0, 1:-1]
            weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
            probabilities = weights / weights.sum(axis=-1, keepdims=True)
            scores = 1 - probabilities[:, 0]
            best = probabilities[:, 1:].argmax(axis=-1) + 1
            for index in np.nonzero(scores >= self._threshold)[0]:
                label = self._labels[best[index]]
                first, last = offsets[start + index]
                if label and last > first:
                    yield Entity(first, last, label, float(scores[index]))

    def close(self) -> None:
        """Free the session."""
        self._session = None


def merge(text: str, tokens: Sequence[Entity]) -> list[Entity]:
    """Join tokens, in order, to entities: neighbours with one label become one, also across white space."""
    merged: list[Entity] = []
    for token in tokens:
        last = merged[-1] if merged else None
        if last and last.label == token.label and not text[last.end : token.start].strip():
            merged[-1] = Entity(last.start, max(last.end, token.end), last.label, max(last.score, token.score))
        elif last and token.start < last.end:
            continue  # the same characters in two windows, or a token inside of a merged one
        else:
            merged.append(token)
    return merged
