"""Other readings of a mail beside the model's own: small classifiers whose agreement or doubt says how sure a draft is.

Fitted by `ai/finetuning/calibrate.py`, stored beside the adapter that they belong to.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from ai.model.embedder import Embedder
from ai.model.loading import NoModel

FILE = "readers.safetensors"


@dataclass(frozen=True)
class Readers:
    """`human_weight` [E] and `human_bias`: log-odds that a person must decide, from the model's hidden state [E] at the end

    of the prompt. `weight` [L, D], `bias` [L]: categories `labels` from a sentence embedding [D]. `known` [N, D]:
    embeddings of taught mails.
    """

    labels: tuple[str, ...]
    human_weight: NDArray[np.float32]
    human_bias: float
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: NDArray[np.float32]
    embedder: Embedder | None = None

    def signs(self, hidden: torch.Tensor, text: str, category: str) -> dict[str, float]:
        """Numbers for `ai.confidence`, of one mail whose draft is of that category."""
        found = {"human_head": float(hidden.float().cpu().numpy() @ self.human_weight + self.human_bias)}
        if self.embedder is None:
            return found
        vector = self.embedder.embed([text])[0]
        scores = self.weight @ vector + self.bias
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        found["nearest"] = float((self.known @ vector).max())
        found["second_reader"] = float(chances[self.labels.index(category)]) if category in self.labels else 0.0
        return found


def read_readers(folder: str) -> Readers | None:
    """Those beside an adapter, None where there are none. Without the embedder's package one of them stays silent."""
    path = Path(folder) / FILE
    if not folder or not path.is_file():
        return None
    with safe_open(path, framework="numpy") as stored:
        labels = tuple(stored.metadata()["labels"].split(","))
        arrays = {name: stored.get_tensor(name).astype(np.float32) for name in stored.keys()}  # noqa: SIM118 (no dict)
    try:
        embedder = Embedder()
    except NoModel:
        embedder = None
    return Readers(
        labels, arrays["human_weight"], float(arrays["human_bias"][0]), arrays["weight"], arrays["bias"],
        arrays["known"], embedder,
    )  # fmt: skip


def write_readers(folder: Path, readers: Readers) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "human_weight": readers.human_weight,
        "human_bias": np.array([readers.human_bias], dtype=np.float32),
        "weight": readers.weight.astype(np.float16),
        "bias": readers.bias,
        "known": readers.known.astype(np.float16),
    }
    save_file(arrays, folder / FILE, {"labels": ",".join(readers.labels)})
