"""The training loop: batches of pieces of similar length, AdamW, and a learning rate with warm-up and decay."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from redaction.tagger.words import features
from redaction.training.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from redaction.tagger.lexicon import Lexicon
    from redaction.training.dataset import Piece

log = logging.getLogger(__name__)

BATCH_WORDS = 3000
BLIND = 0.25
"""Share of words without their flags of the lexicon: names must also be learned from letters and context."""
RATE, WARM_STEPS, LAST_RATE = 3e-3, 200, 0.1
KEPT = 0.998
"""Decay of the running mean of the weights, per step. The mean of about a thousand steps ships: it varies less with
chance than the weights of the last step."""
ENTITY_WEIGHT = 2.0
"""Weight of a word with a label: a missed word is worse than a false one."""


@dataclass(frozen=True)
class Rows:
    """Rows and weights of many words, one after the other; those of word i are from `starts[i]` to `starts[i + 1]`."""

    rows: NDArray[np.int64]
    weights: NDArray[np.float32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, words: Sequence[str], lexicon: Lexicon) -> Rows:
        """Rows of all words with their flags, then of all words without (`blind`)."""
        made = [features(word, lexicon, blind=blind) for blind in (False, True) for word in words]
        weights = [[1.0] * (len(rows) - grams) + [max(grams, 1) ** -0.5] * grams for rows, grams in made]
        return cls(
            np.concatenate([np.asarray(rows, np.int64) for rows, _ in made]),
            np.concatenate([np.asarray(each, np.float32) for each in weights]),
            np.concatenate([[0], np.cumsum([len(rows) for rows, _ in made])]),
        )

    def select(self, words: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows, offsets and weights of some words, as EmbeddingBag takes them."""
        counts = self.starts[words + 1] - self.starts[words]
        offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
        index = np.repeat(self.starts[words] - offsets, counts) + np.arange(counts.sum())
        return torch.from_numpy(self.rows[index]), torch.from_numpy(offsets), torch.from_numpy(self.weights[index])


def _batches(pieces: Sequence[Piece], rng: np.random.Generator) -> Iterator[list[Piece]]:
    """Yield batches for ever: pieces of similar length together, batches in random order."""
    lengths = np.array([len(piece.words) for piece in pieces])
    while True:
        order = np.argsort(lengths + rng.uniform(0, 8, len(pieces)) * (1 + lengths / 40), kind="stable")
        batches: list[list[Piece]] = [[]]
        for index in order:
            batch = batches[-1]
            if batch and (len(batch) + 1) * lengths[index] > BATCH_WORDS:
                batches.append([])
            batches[-1].append(pieces[index])
        yield from (batches[index] for index in rng.permutation(len(batches)))


@dataclass(frozen=True)
class Schedule:
    """Number of steps, random seed and number of cores."""

    steps: int
    seed: int
    threads: int


def learn(pieces: Sequence[Piece], words: Sequence[str], lexicon: Lexicon, schedule: Schedule) -> Network:
    """Train a network; equal pieces and schedule give an equal network on the same machine."""
    steps, seed, threads = schedule.steps, schedule.seed, schedule.threads
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(seed)
    table = Rows.of(words, lexicon)
    network = Network()
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(KEPT))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    started, running = time.monotonic(), 0.0
    for step, batch in zip(range(steps), _batches(pieces, rng), strict=False):
        rate = RATE * min(1, (step + 1) / WARM_STEPS) * max(LAST_RATE, 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = _loss(network, batch, table, len(words), rng)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        mean.update_parameters(network)
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            log.info("step %d of %d, loss %.4f, %.0f s", step + 1, steps, running, time.monotonic() - started)
    made: Network = mean.module.eval()
    return made


def _loss(network: Network, batch: list[Piece], table: Rows, vocabulary: int, rng: np.random.Generator) -> torch.Tensor:
    longest = max(len(piece.words) for piece in batch) + 2
    words = np.zeros((len(batch), longest), np.int64)
    classes = np.zeros((len(batch), longest), np.int64)
    mask = np.zeros((len(batch), longest, 1), np.float32)
    for row, piece in enumerate(batch):
        count = len(piece.words)
        words[row, 1 : count + 1] = piece.words
        classes[row, 1 : count + 1] = piece.classes
        mask[row, : count + 2] = 1
    words += vocabulary * (rng.random(words.shape) < BLIND)
    distinct, places = np.unique(words, return_inverse=True)
    rows, offsets, weights = table.select(distinct)
    vectors = network.table(rows, offsets, per_sample_weights=weights)
    logits = network(vectors[torch.from_numpy(places.reshape(words.shape))], torch.from_numpy(mask))
    wanted = torch.from_numpy(classes)
    importance = torch.from_numpy(mask[..., 0]) * torch.where(wanted > 0, ENTITY_WEIGHT, 1.0)
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
    return (losses * importance.flatten()).sum() / importance.sum()
