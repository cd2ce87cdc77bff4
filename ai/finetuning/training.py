"""Examples become batches, and a Trainer learns their answers: decisions weigh more than prose."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer

from ai.finetuning.examples import Example, Kind
from ai.finetuning.loss import AnswerLoss, Teacher, answer_loss, causal

WEIGHTS = {Kind.CATEGORY: 8.0, Kind.FIELDS: 3.0, Kind.REPLY: 1.0, Kind.STRESSED: 5.0}
MULTIPLE = 16  # lengths of batches: few shapes, so that freed buffers fit again
PACKED_MULTIPLE = 128  # of batches in one line, whose lengths spread wider


def shared_prefix(examples: Sequence[Example]) -> int:
    """How many tokens all prompts begin with: the system prompt. It is computed once for a batch, not once a row."""
    first, last = min(e.prompt for e in examples), max(e.prompt for e in examples)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return max(0, min(same, min(len(e.prompt) for e in examples) - 1))


def as_dataset(examples: Sequence[Example], shared: int) -> list[dict[str, Any]]:
    """One item a row. The short half of a row that comes as two examples rides along with its long half: batches are

    grouped by length, and a batch of short halves alone would be a batch of one category alone.
    """
    items: list[dict[str, Any]] = []
    for example in examples:
        asked = example.prompt[shared:]
        ids = [*asked, *example.answer]
        item: dict[str, Any] = {"input_ids": ids, "kinds": [Kind.GIVEN] * len(asked) + list(example.kinds)}
        item["kept"] = [kind in example.kept for kind in item["kinds"]]
        items.append({**item, "with": items.pop()} if example.follows else item)
    return items


@dataclass(frozen=True)
class Collator:
    """Pad on the right to the longest of the batch: `input_ids`, `attention_mask`, `kinds`, `kept`, each [B, T]."""

    pad: int

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        features = all_of(items)
        longest = max(len(f["input_ids"]) for f in features)
        shape = len(features), -(-longest // MULTIPLE) * MULTIPLE
        ids, mask, kinds = torch.full(shape, self.pad), torch.zeros(shape, dtype=torch.long), torch.zeros(shape).long()
        kept = torch.zeros(shape, dtype=torch.bool)
        for i, f in enumerate(features):
            size = len(f["input_ids"])
            ids[i, :size] = torch.tensor(f["input_ids"])
            kinds[i, :size] = torch.tensor(f["kinds"])
            kept[i, :size] = torch.tensor(f["kept"])
            mask[i, :size] = 1
        return {"input_ids": ids, "attention_mask": mask, "kinds": kinds, "kept": kept}


@dataclass(frozen=True)
class Packer:
    """Rows one behind the other, so that nothing is computed for padding: `input_ids`, `attention_mask`, `kinds`, `kept`, each [1, T],

    and `lengths` [B], whose last is the little that fills up to a multiple, if any. Krell et al. 2021, arXiv:2107.02027.
    """

    pad: int

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        features = all_of(items)
        lengths = [len(f["input_ids"]) for f in features]
        spare = -sum(lengths) % PACKED_MULTIPLE
        ids = [token for f in features for token in f["input_ids"]] + [self.pad] * spare
        kinds = [kind for f in features for kind in f["kinds"]] + [Kind.GIVEN] * spare
        kept = [one for f in features for one in f["kept"]] + [False] * spare
        mask = [1] * sum(lengths) + [0] * spare
        made = {
            "input_ids": torch.tensor([ids]),
            "attention_mask": torch.tensor([mask]),
            "kinds": torch.tensor([kinds]),
            "kept": torch.tensor([kept]),
        }
        return {**made, "lengths": torch.tensor([*lengths, spare] if spare else lengths)}


def all_of(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a batch, and the short halves that ride along."""
    return [*items, *(item["with"] for item in items if "with" in item)]


class MixedByLength(Sampler[int]):
    """Rows of like length share a batch, and batches come in any order.

    transformers' own grouping hands out its batches from long to short, so that for dozens of steps a model sees
    only rambling mails and then only terse ones.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int = 0, batches_together: int = 50) -> None:
        self.lengths, self.batch, self.seed, self.batches_together = lengths, batch, seed, batches_together
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The order follows from seed and epoch alone, so that a resumed run sees the rows of an uninterrupted one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        chance = torch.Generator().manual_seed(self.seed + 1000 * self.epoch)
        order: list[int] = torch.randperm(len(self.lengths), generator=chance).tolist()
        size = self.batch * self.batches_together
        batches = []
        for start in range(0, len(order), size):
            alike = sorted(order[start : start + size], key=lambda i: self.lengths[i])
            batches += [alike[i : i + self.batch] for i in range(0, len(alike), self.batch)]
        full, rest = [b for b in batches if len(b) == self.batch], [b for b in batches if len(b) < self.batch]
        shuffled: list[int] = torch.randperm(len(full), generator=chance).tolist()
        for i in shuffled:
            yield from full[i]
        for batch in rest:  # at most one, and last, or it would shift the borders of all after it
            yield from batch


class MixedTrainer(Trainer):
    """A Trainer whose batches are mixed by length, and whose checkpoints hold no pickled arguments."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        items = self.train_dataset if train_dataset is None else train_dataset
        together = 1 if isinstance(self.data_collator, Packer) else 50  # nothing is padded there: any rows go together
        lengths = [len(item["input_ids"]) for item in items]
        return MixedByLength(lengths, self.args.train_batch_size, self.args.seed, together)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        pickled = Path(output_dir or self.args.output_dir) / "training_args.bin"
        pickled.unlink(missing_ok=True)  # arguments are kept in run.json, which needs no trust to be read


@contextmanager
def learning(model: Any) -> Iterator[None]:
    """Meanwhile the model's forward pass is its loss.

    Whatever wraps it, to gather gradients from other processes (DDP) or parameters (FSDP), does so around the whole pass.
    """
    base = causal(model)

    def forward(*batch: Any) -> AnswerLoss:
        return answer_loss(base, *batch)

    model.forward = forward
    try:
        yield
    finally:
        del model.forward  # its class has one


class AnswerTrainer(MixedTrainer):
    """A Trainer of `answer_loss`, which logs loss and share of right tokens for each kind of token."""

    def __init__(self, *, prefix: list[int], teacher: Teacher | None = None, **rest: Any) -> None:
        super().__init__(**rest)
        self.teacher = teacher
        self.prefix = torch.tensor([prefix], dtype=torch.long)
        self.weights = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])
        self.tokens = self.answer_tokens = 0  # read and learnt so far, without padding and the shared prefix
        self.seen = {True: torch.zeros(len(Kind), 3), False: torch.zeros(len(Kind), 3)}  # tokens, nats, right

    def train(self, *args: Any, **kwargs: Any) -> Any:
        with learning(self.model):
            return super().train(*args, **kwargs)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> tuple[list[Any], Any]:
        """With the weight of what one process learns in this step, averaged over all of them, as gradients will be."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        weight = sum((self.weight_of(batch) for batch in batches), torch.tensor(0.0)).to(device)
        return batches, self.accelerator.reduce(weight, "mean")

    def weight_of(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.weights[batch["kinds"][:, 1:].cpu()].sum()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        found = model(self.prefix, inputs, self.weights, self.teacher if model.training else None)
        if model.training:
            self.tokens += int(inputs["attention_mask"].sum())
            self.answer_tokens += len(found.kinds)
        seen = self.seen[model.training]
        for kind in Kind:
            of_kind = found.kinds == kind
            seen[kind] += torch.tensor([of_kind.sum(), found.losses[of_kind].sum(), found.right[of_kind].sum()])
        weight = self.weight_of(inputs) if num_items_in_batch is None else num_items_in_batch
        loss = found.total / weight.to(found.total.device)
        return (loss, (loss,)) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        seen = self.seen["eval_loss" not in logs]
        before = "eval_" if "eval_loss" in logs else ""
        for kind in WEIGHTS:
            tokens, nats, right = seen[kind].tolist()
            if tokens:
                logs[f"{before}{kind.name.lower()}_loss"] = round(nats / tokens, 4)
                logs[f"{before}{kind.name.lower()}_right"] = round(right / tokens, 4)
        seen.zero_()
        super().log(logs, start_time)
