"""Plain intents: one label for one short text. The same base models, with a linear head instead of written JSON.

A decoder reads the text; the hidden state of its last token goes through the head (AutoModelForSequenceClassification).
Beside it a logistic regression on sentence embeddings is fitted on the same rows; the two err on different texts, so
their mean is what is judged.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding

from ai.finetuning.methods import PRECISIONS, CannotTrain, use_this_machine_well
from ai.model.embedder import Embedder
from ai.model.loading import DEFAULT_MODEL, NoModel, folder_of

LONGEST = 128  # tokens of a text
AT_ONCE = 64
NEVER = -1e4
REJECTED = 0.05  # share of kept-back in-scope texts that the threshold calls out of scope


class UnusableIntents(Exception):
    """A file holds no intents; the message says what it should hold."""


@dataclass(frozen=True)
class Intents:
    texts: list[str]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def only(self, keep: Sequence[bool]) -> "Intents":
        return Intents(
            [text for text, k in zip(self.texts, keep, strict=True) if k],
            [label for label, k in zip(self.labels, keep, strict=True) if k],
        )


def read_intents(paths: Sequence[str]) -> Intents:
    """CSV with the columns `text` and `category` or `label`; or `file.json:key` for lists of [text, label].

    Raise UnusableIntents.
    """
    texts: list[str] = []
    labels: list[str] = []
    for stated in paths:
        path, _, key = stated.partition(":")
        for text, label in pairs_of(Path(path), key):
            texts.append(text)
            labels.append(label)
    return Intents(texts, labels)


def pairs_of(path: Path, key: str) -> list[tuple[str, str]]:
    try:
        if path.suffix == ".json":
            return [(str(text), str(label)) for text, label in json.loads(path.read_text(encoding="utf-8"))[key]]
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        column = "category" if rows and "category" in rows[0] else "label"
        return [(row["text"], row[column]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableIntents(
            f"{path}: needs the columns text and category or label, or KEY in {path}:KEY. {error!r}"
        ) from error


@dataclass
class Reader:
    """A trained model with its labels; `heads` of the embedding's regression, None where there is no embedder."""

    model: Any
    tokenizer: Any
    labels: list[str]
    embedder: Embedder | None = None
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None

    @torch.inference_mode()
    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[N, L], by the language model."""
        self.model.eval()
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE]
            batch = self.tokenizer(
                [texts[i] for i in places], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            out[places] = self.model(**batch.to(self.model.device)).logits.float().cpu().numpy()
        return out

    def embedded_logits(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """[N, L], by the regression on embeddings."""
        if self.embedder is None or self.weight is None or self.bias is None:
            return None
        return np.asarray(self.embedder.embed(texts) @ self.weight.T + self.bias, dtype=np.float32)


def untrained(base: str, labels: Sequence[str], precision: str, method: str, rank: int) -> Reader:
    """Raise NoModel where the base cannot be read, CannotTrain for a method that has no head."""
    if method == "qlora":
        raise CannotTrain("--task intent trains with --method lora or full.")
    source = folder_of(base)
    dtype = torch.float32 if method == "full" else PRECISIONS[precision]
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=len(labels), dtype=dtype)
    except (OSError, ValueError) as error:
        raise NoModel(f"{source}: not a model folder or hub id that can be read. {error}") from error
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    if not torch.cuda.is_available():
        use_this_machine_well(model)
    if method == "lora":
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="SEQ_CLS")
        model = get_peft_model(model, config)
    for parameter in model.parameters():
        if parameter.requires_grad:  # the head too: half precision would swallow small updates
            parameter.data = parameter.data.float()
    return Reader(model, tokenizer, list(labels))


def items_of(data: Intents, reader: Reader) -> list[dict[str, Any]]:
    place = {label: i for i, label in enumerate(reader.labels)}
    ids = reader.tokenizer(data.texts, truncation=True, max_length=LONGEST)["input_ids"]
    return [{"input_ids": one, "labels": place[label]} for one, label in zip(ids, data.labels, strict=True)]


def collator(reader: Reader) -> DataCollatorWithPadding:
    return DataCollatorWithPadding(reader.tokenizer, pad_to_multiple_of=8)


def fit_embeddings(reader: Reader, data: Intents) -> None:
    """Fit the regression beside the model. Without an embedder the model stands alone, and that is said."""
    try:
        embedder = Embedder()
    except NoModel as missing:
        print(missing, "The language model is judged alone.")
        return
    head = LogisticRegression(C=30.0, max_iter=2000).fit(embedder.embed(data.texts), data.labels)
    weight, bias = head.coef_, head.intercept_
    if len(head.classes_) == 2:  # scikit-learn keeps one row for two labels
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.concatenate([-bias / 2, bias / 2])
    place = {label: i for i, label in enumerate(head.classes_)}
    reader.embedder = embedder
    reader.weight = np.zeros((len(reader.labels), weight.shape[1]), dtype=np.float32)
    reader.bias = np.full(len(reader.labels), NEVER, dtype=np.float32)  # of a label that was wholly kept back
    for i, label in enumerate(reader.labels):
        if label in place:
            reader.weight[i], reader.bias[i] = weight[place[label]], bias[place[label]]


def save_reader(reader: Reader, out: Path, base: str, threshold: float) -> None:
    if isinstance(reader.model, PeftModel):
        reader.model.peft_config["default"].base_model_name_or_path = base or DEFAULT_MODEL
    reader.model.save_pretrained(out)
    reader.tokenizer.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    if reader.weight is not None and reader.bias is not None:
        save_file({"weight": reader.weight, "bias": reader.bias}, out / "embedding_head.safetensors")
    about = {"base": base or DEFAULT_MODEL, "labels": reader.labels, "threshold": threshold}
    (out / "intents.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_reader(folder: Path, base: str) -> tuple[Reader, float]:
    """A saved reader and its threshold for out of scope. Raise NoModel."""
    try:
        about = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoModel(
            f"{folder} is no intent model: train one with finetune_lora.py --task intent --out {folder}."
        ) from error
    is_adapter = (folder / "adapter_config.json").is_file()
    base = base or ("" if about["base"] == DEFAULT_MODEL else about["base"])
    reader = untrained(base if is_adapter else str(folder), about["labels"], "fp32", "full", 0)
    if is_adapter:
        reader.model = PeftModel.from_pretrained(reader.model, str(folder)).merge_and_unload()
    head = folder / "embedding_head.safetensors"
    if head.is_file():
        stored = load_file(head)
        reader.embedder, reader.weight, reader.bias = Embedder(), stored["weight"], stored["bias"]
    return reader, float(about["threshold"])


def blended(reader: Reader, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Probabilities [N, L] of the language model, of the embedding, and their mean."""
    found = {"language_model": softmax(reader.logits(texts))}
    other = reader.embedded_logits(texts)
    if other is not None:
        found["embedding"] = softmax(other)
    found["mean"] = np.mean(list(found.values()), axis=0)
    return found


def surest_in_scope(probabilities: NDArray[np.float32], labels: Sequence[str], oos_label: str) -> NDArray[np.float32]:
    """Highest probability of a label that is in scope, [N]; out of scope may be a learnt label too."""
    inside = [i for i, label in enumerate(labels) if label != oos_label]
    return np.asarray(probabilities[:, inside].max(axis=1), dtype=np.float32)


def threshold_of(surest: NDArray[np.float32]) -> float:
    """The probability below which so few in-scope texts fall as REJECTED says."""
    return round(float(np.quantile(surest, REJECTED)), 6)


def judge_intents(
    probabilities: NDArray[np.float32], gold: Sequence[str], labels: Sequence[str], oos_label: str, threshold: float
) -> dict[str, Any]:
    """Accuracy and macro F1; where some texts are out of scope, how well the highest probability tells them apart
    (Hendrycks and Gimpel 2016, arXiv:1610.02136) and the accuracy of the others.
    """
    got = [labels[i] for i in probabilities.argmax(axis=1)]
    surest = surest_in_scope(probabilities, labels, oos_label)
    outside = np.array([label == oos_label for label in gold]) if oos_label else np.zeros(len(gold), dtype=bool)
    if not outside.any():
        return {
            "n": len(gold),
            "accuracy": share([a == b for a, b in zip(gold, got, strict=True)]),
            "macro_f1": round(float(f1_score(gold, got, average="macro", zero_division=0)), 4),
        }
    final = [oos_label if sure < threshold else label for label, sure in zip(got, surest, strict=True)]
    return {
        "n": len(gold),
        "accuracy": share([a == b for a, b in zip(gold, final, strict=True)]),
        "macro_f1": round(float(f1_score(gold, final, average="macro", zero_division=0)), 4),
        "in_scope_accuracy": share([a == b for a, b, out in zip(gold, got, outside, strict=True) if not out]),
        "in_scope_accuracy_at_threshold": share(
            [a == b for a, b, out in zip(gold, final, outside, strict=True) if not out]
        ),
        "oos_auroc": None if outside.all() else round(float(roc_auc_score(outside, -surest)), 4),
        "oos_recall": share([label == oos_label for label, out in zip(final, outside, strict=True) if out]),
        "threshold": threshold,
    }


def share(hits: Sequence[bool]) -> float | None:
    return round(float(np.mean(hits)), 4) if len(hits) else None


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
