"""A second reader of the mail: words and runs of letters, hashed, with linear weights.

It errs on other mails than the language model does, so both together decide better, and where they disagree a draft is
doubtful. Fitted by `ai/finetuning/calibrate.py`, stored beside the adapter that it belongs to.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.sparse import hstack
from sklearn.feature_extraction.text import HashingVectorizer

from ai.model.user_names import NameReader

FILE = "readers.safetensors"
PLACES = 2**16  # of each of the two vectors
LEAST = 1e-6
WORDS = HashingVectorizer(ngram_range=(1, 2), n_features=PLACES, alternate_sign=False)
LETTERS = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=PLACES, alternate_sign=False)


def vectors(texts: Sequence[str]) -> Any:
    """Sparse [N, 2 * PLACES]. Stateless: a word has the same place on every machine."""
    return hstack([WORDS.transform(texts), LETTERS.transform(texts)]).tocsr()


@dataclass(frozen=True)
class SecondReader:
    """`human_weight` [2 * PLACES], `human_bias`: log-odds that a person must decide. `weight` [L, 2 * PLACES], `bias` [L]:

    scores of the categories `labels`. Of the two readers' log-probabilities the model's is divided by `temperature`
    (Guo et al. 2017, arXiv:1706.04599), this one's multiplied by `share`.
    """

    labels: tuple[str, ...]
    human_weight: NDArray[np.float32]
    human_bias: float
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0
    share: float = 0.0
    names: NameReader | None = None

    def read(self, text: str) -> tuple[dict[str, float], float]:
        """Probabilities of the categories, and the log-odds that a person must decide."""
        vector = vectors([text])
        scores = np.asarray(vector @ self.weight.T)[0] + self.bias
        chances = np.exp(scores - scores.max())
        human = float((vector @ self.human_weight)[0]) + self.human_bias
        return dict(zip(self.labels, (chances / chances.sum()).tolist(), strict=True)), human


def together(
    first: Mapping[str, float], second: Mapping[str, float], reader: SecondReader | NameReader
) -> dict[str, float]:
    """The model's and a second reader's probabilities as one: a product of experts (Hinton 2002)."""
    scores = {
        name: math.log(max(chance, LEAST)) / reader.temperature
        + reader.share * math.log(max(second.get(name, 0), LEAST))
        for name, chance in first.items()
    }
    most = max(scores.values(), default=0.0)
    powers = {name: math.exp(score - most) for name, score in scores.items()}
    return {name: power / sum(powers.values()) for name, power in powers.items()}


def read_second_reader(folder: str) -> SecondReader | None:
    """The one beside an adapter, None where there is none."""
    path = Path(folder) / FILE
    if not folder or not path.is_file():
        return None
    with safe_open(path, framework="numpy") as stored:
        about = stored.metadata()
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (no dict)
    names = None
    if "name_weight" in arrays:
        known = dict(zip(arrays["name_words"].tolist(), arrays["name_counts"].tolist(), strict=True))
        weight = arrays["name_weight"].astype(np.float32)
        names = NameReader(weight, known, float(about["name_temperature"]), float(about["name_share"]))
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    return SecondReader(
        tuple(about["labels"].split(",")), arrays["human_weight"], float(arrays["human_bias"][0]), arrays["weight"],
        arrays["bias"], float(about["temperature"]), float(about["share"]), names,
    )  # fmt: skip


def write_second_reader(folder: Path, reader: SecondReader) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "human_weight": reader.human_weight.astype(np.float16),
        "human_bias": np.array([reader.human_bias], dtype=np.float32),
        "weight": np.ascontiguousarray(reader.weight, dtype=np.float16),  # safetensors takes the bytes as they lie
        "bias": reader.bias.astype(np.float32),
    }
    about = {"labels": ",".join(reader.labels), "temperature": str(reader.temperature), "share": str(reader.share)}
    if names := reader.names:
        arrays["name_weight"] = names.weight.astype(np.float16)
        arrays["name_words"] = np.array(list(names.known), dtype=np.uint32)
        arrays["name_counts"] = np.array(list(names.known.values()), dtype=np.uint8)
        about |= {"name_temperature": str(names.temperature), "name_share": str(names.share)}
    save_file(arrays, folder / FILE, about)
