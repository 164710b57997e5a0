"""The network in training; `shipped` converts it for the tagger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from redaction.tagger.tagger import LABELS
from redaction.tagger.words import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HIDDEN = 64, 128
DILATIONS = (1, 1, 2, 4, 8)
"""Distance of the neighbours that a layer reads; the first layer widens the input, the others are residual."""
DROPOUT = 0.1


class Network(nn.Module):
    """Vectors of words are sums of rows of a table; convolutions, three words wide, reach further with every layer."""

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
        *_, state = self.states(vectors, mask)
        tags: Tensor = self.tags(self.drop(state))
        return tags

    def states(self, vectors: Tensor, mask: Tensor) -> Iterator[Tensor]:
        """Yield the output of each layer, (texts, words, HIDDEN), never less than 0."""
        state = self.drop(vectors) * mask
        for number, (layer, distance) in enumerate(zip(self.layers, DILATIONS, strict=True)):
            padded = nn.functional.pad(state, (0, 0, distance, distance))
            count = state.shape[1]
            seen = torch.cat([padded[:, step : step + count] for step in (0, distance, 2 * distance)], dim=2)
            made = torch.relu(layer(seen)) * mask
            state = state + made if number else made
            yield state
