"""The network while it learns (torch), and as it is shipped (ONNX)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from redaction.tagger.tagger import LABELS
from redaction.tagger.words import ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HIDDEN = 64, 128
DILATIONS = (1, 1, 2, 4, 8)
"""Distance of the neighbours that a layer sees; the first layer widens, the others add to what came in."""
DROPOUT = 0.1


class Network(nn.Module):
    """Vectors of words are sums of rows of a table; convolutions three words wide look further with every layer."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(ROWS, WIDTH, mode="sum")
        nn.init.normal_(self.table.weight, 0, 0.05)
        self.layers = nn.ModuleList(
            nn.Linear(3 * (HIDDEN if number else WIDTH), HIDDEN) for number in range(len(DILATIONS))
        )
        self.drop = nn.Dropout(DROPOUT)
        self.tags = nn.Linear(HIDDEN, len(LABELS))

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Return logits; `vectors` is (texts, words, WIDTH), `mask` is (texts, words, 1) and 0 in padding."""
        state = self.drop(vectors) * mask
        for number, (layer, distance) in enumerate(zip(self.layers, DILATIONS, strict=True)):
            padded = nn.functional.pad(state, (0, 0, distance, distance))
            count = state.shape[1]
            seen = torch.cat([padded[:, step : step + count] for step in (0, distance, 2 * distance)], dim=2)
            made = torch.relu(layer(seen)) * mask
            state = state + made if number else made
        tags: Tensor = self.tags(self.drop(state))
        return tags


def quantised(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows in 8 bit, each with its scale; the tagger reads them back to 32-bit floats once, when it is loaded."""
    scales = np.maximum(np.abs(table).max(axis=1), 1e-8).astype(np.float32) / 127
    return np.rint(table / scales[:, None]).astype(np.int8), scales


def to_onnx(network: Network) -> bytes:
    """Write the layers as a graph from the vectors of one text, (words, WIDTH), to probabilities, (words, classes)."""
    nodes, constants = [], []

    def constant(name: str, values: NDArray[np.generic]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(name: str, layer: nn.Linear) -> tuple[str, str]:
        return (
            constant(f"{name}_weight", layer.weight.detach().numpy().T),
            constant(f"{name}_bias", layer.bias.detach().numpy()),
        )

    state = "words"
    end = constant("end", np.array([np.iinfo(np.int64).max]))
    zero = constant("zero", np.array([0]))
    for number, (layer, distance) in enumerate(zip(network.layers, DILATIONS, strict=True)):
        name = f"layer{number}"
        pads = constant(f"{name}_pads", np.array([distance, 0, distance, 0]))
        nodes.append(helper.make_node("Pad", [state, pads], [f"{name}_padded"]))
        near = constant(f"{name}_near", np.array([distance]))
        far = constant(f"{name}_far", np.array([2 * distance]))
        back, further = (
            constant(f"{name}_{side}", np.array([-step * distance])) for side, step in (("back", 1), ("further", 2))
        )
        nodes.append(helper.make_node("Slice", [f"{name}_padded", zero, further, zero], [f"{name}_left"]))
        nodes.append(helper.make_node("Slice", [f"{name}_padded", near, back, zero], [f"{name}_middle"]))
        nodes.append(helper.make_node("Slice", [f"{name}_padded", far, end, zero], [f"{name}_right"]))
        sides = [f"{name}_left", f"{name}_middle", f"{name}_right"]
        nodes.append(helper.make_node("Concat", sides, [f"{name}_seen"], axis=1))
        nodes.append(helper.make_node("Gemm", [f"{name}_seen", *weights(name, layer)], [f"{name}_made"]))
        nodes.append(helper.make_node("Relu", [f"{name}_made"], [f"{name}_out"]))
        if number:
            nodes.append(helper.make_node("Add", [state, f"{name}_out"], [f"{name}_state"]))
        state = f"{name}_state" if number else f"{name}_out"
    nodes.append(helper.make_node("Gemm", [state, *weights("tags", network.tags)], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "tagger",
        [helper.make_tensor_value_info("words", TensorProto.FLOAT, ["words", WIDTH])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["words", len(LABELS)])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="spanledger")
    model.ir_version = 9
    content: bytes = model.SerializeToString(deterministic=True)
    return content
