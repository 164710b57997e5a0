"""The trained network as it ships: weights and vectors in 8 bit, the layers as a graph of ONNX Runtime.

Weights take 7 of the 8 bits. Products of full bytes overflow in the instructions of processors without VNNI, where two
of them are added in 16 bits; like this, sums are exact on every processor, and the same in whatever order.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from redaction.tagger.files import NETWORK, TABLE
from redaction.tagger.tagger import DISTANCES, LABELS
from redaction.tagger.vectors import ZERO, Table
from redaction.tagger.words import PAD
from redaction.training.network import DILATIONS, HIDDEN, WIDTH, Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import nn

    from redaction.tagger.lexicon import Lexicon
    from redaction.training.dataset import Piece

_SAMPLE = 4_000
"""Pieces for measuring the ranges of vectors and states."""
_WITHIN = 0.9999
"""Share of a layer's values that must lie in its range; larger values are clipped."""
_FUSED = "com.microsoft"
"""ONNX Runtime's own operators: an integer product, its scales and its bias in one."""


def to_table(network: Network, words: Sequence[str], lexicon: Lexicon) -> Table:
    """Write rows in 8 bit, each with its scale; the largest value in the vectors of `words` is 127 steps."""
    rows = network.table.weight.detach().numpy()
    scales = np.maximum(np.abs(rows).max(axis=1), 1e-8).astype(np.float32) / 127
    table = Table(np.rint(rows / scales[:, None]).astype(np.int8), scales, 1.0)
    return table._replace(step=float(np.abs(table.sums(words, lexicon)).max() / 127))


def sample(pieces: Sequence[Piece], words: Sequence[str]) -> list[list[str]]:
    """Choose pieces from all of the corpus, each as its words between two PAD."""
    return [[PAD, *(words[number] for number in piece.words), PAD] for piece in pieces[:: len(pieces) // _SAMPLE or 1]]


def ranges(network: Network, table: Table, lexicon: Lexicon, texts: Sequence[Sequence[str]]) -> list[float]:
    """Measure the upper end of the state after each layer; the lower is 0."""
    seen: list[list[NDArray[np.float32]]] = [[] for _ in DILATIONS]
    with torch.inference_mode():
        for text in texts:
            vectors = torch.from_numpy(table.sums(text, lexicon))[None]
            for states, state in zip(seen, network.states(vectors, torch.ones(1, len(text), 1)), strict=True):
                states.append(state.numpy().ravel())
    return [float(np.quantile(np.concatenate(states), _WITHIN)) for states in seen]


def shipped(network: Network, lexicon: Lexicon, texts: Sequence[Sequence[str]]) -> dict[str, bytes]:
    """Return the files of table and network, by name; ranges are measured on `texts`."""
    table = to_table(network, list(dict.fromkeys(word for text in texts for word in text)), lexicon)
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **table._asdict())
    return {NETWORK: to_onnx(network, table.step, ranges(network, table, lexicon, texts)), TABLE: packed.getvalue()}


def to_onnx(network: Network, step: float, tops: Sequence[float]) -> bytes:
    """Write the layers as a graph from vectors, (1 + words, WIDTH), to probabilities, (words, classes).

    Its other inputs are those of `tagger.neighbours`; `step` is that of the table, `tops` are what `ranges` measured.
    """
    graph = _Graph()
    state, source, scale, zero = "", "words", step, ZERO
    for number, (layer, distance) in enumerate(zip(network.layers, DILATIONS, strict=True)):
        name = f"layer{number}"
        if number:
            nothing = graph.constant("nothing", np.zeros((1, HIDDEN), np.uint8))
            source = graph.node("Concat", [nothing, source], f"{name}_rows", axis=0)
        near = graph.node("Gather", [source, f"beside{distance}"], f"{name}_near", axis=0)
        shape = graph.constant(f"{name}_shape", np.array([-1, 3 * (HIDDEN if number else WIDTH)]))
        seen = graph.node("Reshape", [near, shape], f"{name}_seen")
        made = graph.node("Relu", [graph.product(name, seen, layer, scale, zero)], f"{name}_made")
        state = graph.node("Add", [state, made], f"{name}_state") if number else made
        scale, zero = tops[number] / 255, 0
        source = graph.quantised(name, state, scale)
    graph.node("Softmax", [graph.product("tags", source, network.tags, scale, zero)], "probabilities", axis=1)
    return graph.to_bytes()


class _Graph:
    """Nodes and constants of the graph, by name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:  # noqa: ANN401 - of any kind
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def product(self, name: str, source: str, layer: nn.Linear, scale: float, zero: int) -> str:
        """Multiply bytes of `scale` around `zero` with a layer's weights; each column of these has its own scale."""
        weight = layer.weight.detach().numpy().T
        scales = (np.maximum(np.abs(weight).max(axis=0), 1e-8) / 63).astype(np.float32)
        inputs = [
            source,
            self.constant(f"{name}_weight", np.rint(weight / scales).astype(np.int8)),
            self.constant(f"{name}_scale", np.array(scale, np.float32)),
            self.constant(f"{name}_weight_scales", scales),
            self.constant(f"{name}_zero", np.array(zero, np.uint8)),
            self.constant(f"{name}_weight_zero", np.array(0, np.int8)),
            self.constant(f"{name}_bias", layer.bias.detach().numpy()),
        ]
        return self.node("MatMulIntegerToFloat", inputs, f"{name}_sum", domain=_FUSED)

    def quantised(self, name: str, source: str, scale: float) -> str:
        step = self.constant(f"{name}_step", np.array(scale, np.float32))
        least = self.constant(f"{name}_least", np.array(0, np.uint8))
        return self.node("QuantizeLinear", [source, step, least], f"{name}_bytes")

    def to_bytes(self) -> bytes:
        given = [helper.make_tensor_value_info("words", TensorProto.UINT8, ["rows", WIDTH])]
        given += [
            helper.make_tensor_value_info(f"beside{distance}", TensorProto.INT32, ["places"]) for distance in DISTANCES
        ]
        answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["words", len(LABELS)])
        graph = helper.make_graph(self._nodes, "tagger", given, [answer], list(self._constants.values()))
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="spanledger")
        model.ir_version = 9
        content: bytes = model.SerializeToString(deterministic=True)
        return content
