"""Token ids become a loss and its gradient: only the answer is learnt, and its decisions weigh more than its prose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer
from transformers.cache_utils import DynamicCache

from ai.finetuning.examples import Example, Kind

WEIGHTS = {Kind.CATEGORY: 8.0, Kind.FIELDS: 3.0, Kind.REPLY: 1.0}
MULTIPLE = 16  # lengths of batches: few shapes, so that freed buffers fit again
CHUNK = 256  # answer tokens whose logits exist at one time


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
        item = {"input_ids": [*asked, *example.answer], "kinds": [Kind.GIVEN] * len(asked) + list(example.kinds)}
        items.append({**item, "with": items.pop()} if example.follows else item)
    return items


@dataclass(frozen=True)
class Collator:
    """Pad on the right to the longest of the batch: `input_ids`, `attention_mask`, `kinds`, each [B, T]."""

    pad: int

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        features = [*items, *(item["with"] for item in items if "with" in item)]
        longest = max(len(f["input_ids"]) for f in features)
        shape = len(features), -(-longest // MULTIPLE) * MULTIPLE
        ids, mask, kinds = torch.full(shape, self.pad), torch.zeros(shape, dtype=torch.long), torch.zeros(shape).long()
        for i, f in enumerate(features):
            size = len(f["input_ids"])
            ids[i, :size] = torch.tensor(f["input_ids"])
            kinds[i, :size] = torch.tensor(f["kinds"])
            mask[i, :size] = 1
        return {"input_ids": ids, "attention_mask": mask, "kinds": kinds}


@dataclass(frozen=True)
class AnswerLoss:
    """`total`: weighted sum of cross entropies in nats. `losses` and `right`, each [N]: per learnt token; `kinds` [N]."""

    total: torch.Tensor
    losses: torch.Tensor
    right: torch.Tensor
    kinds: torch.Tensor


@dataclass(frozen=True)
class Teacher:
    """A larger model with the same tokenizer, whose probabilities are learnt beside the right tokens.

    Hinton et al. 2015, arXiv:1503.02531: loss = (1 - share) * cross entropy + share * T^2 * KL(teacher || student), both
    softened by T = `temperature`.
    """

    model: Any
    temperature: float = 2.0
    share: float = 0.5


def answer_loss(
    model: Any,
    prefix: torch.Tensor,
    batch: dict[str, torch.Tensor],
    weights: torch.Tensor,
    teacher: Teacher | None = None,
) -> AnswerLoss:
    """Loss of the answer tokens of `batch`, whose rows [B, T] all follow `prefix` [1, S]; `weights` goes by kind.

    The prefix's keys and values are computed once and shared by the B rows, gradients included. Logits exist only
    where something is learnt.
    """
    ids, kinds = batch["input_ids"], batch["kinds"]
    out = forward(model, prefix, batch)
    learnt = kinds[:, 1:] != Kind.GIVEN  # the hidden state before a token predicts it
    told, targets = kinds[:, 1:][learnt], ids[:, 1:][learnt]
    weigh = weights.to(ids.device)[told]
    if has_plain_head(model):
        hidden, soft = out.last_hidden_state[:, :-1][learnt], None
        if teacher is not None:
            with torch.no_grad():
                seen = forward(teacher.model, prefix, batch).last_hidden_state[:, :-1][learnt]
            soft = Soft(seen, teacher.model.get_output_embeddings().weight, teacher.temperature, teacher.share)
        total, losses, right = HeadLoss.apply(hidden, model.get_output_embeddings().weight, targets, weigh, soft)
        return AnswerLoss(total, losses, right, told)
    logits = out.logits[:, :-1][learnt].float()
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    return AnswerLoss((losses * weigh).sum(), losses.detach(), logits.argmax(dim=-1) == targets, told)


def forward(model: Any, prefix: torch.Tensor, batch: dict[str, torch.Tensor]) -> Any:
    """Output of the model's decoder, or of the whole model where its head is not plain, over the rows behind `prefix`."""
    ids, mask = batch["input_ids"], batch["attention_mask"]
    rows, size = ids.shape[0], prefix.shape[1]
    decoder = model.get_decoder() if has_plain_head(model) else model
    known: dict[str, Any] = {"use_cache": False}
    if size:
        cache = DynamicCache(config=model.config)
        decoder(input_ids=prefix.to(ids.device), past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(rows)
        known = {"past_key_values": cache, "use_cache": True}
    return decoder(
        input_ids=ids,
        attention_mask=torch.cat([mask.new_ones(rows, size), mask], dim=1),
        position_ids=torch.arange(size, size + ids.shape[1], device=ids.device).expand(rows, -1),
        **known,
    )


def causal(model: Any) -> Any:
    """The causal model itself, whether an adapter is wrapped around it or not."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def has_plain_head(model: Any) -> bool:
    """Whether logits are hidden states times one matrix, as HeadLoss has it: no bias, no cap, no scale."""
    scales = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")
    head = model.get_output_embeddings()
    scaled = any(getattr(model.config, name, None) not in (None, 1.0) for name in scales)
    return head is not None and getattr(head, "bias", None) is None and not scaled


@dataclass(frozen=True)
class Soft:
    """A teacher's hidden states [N, E] and output matrix [V, E], with temperature and share of its part in the loss."""

    hidden: torch.Tensor
    matrix: torch.Tensor
    temperature: float
    share: float

    def add(self, scores: torch.Tensor, part: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """For the student's logits [n, V] of `part`: T^2 KL(teacher || student) [n] and its gradient [n, V]."""
        # Models of one family may pad their matrices differently behind the same tokens.
        shared, size = min(scores.shape[-1], self.matrix.shape[0]), scores.shape[-1]
        wanted = (self.hidden[part] @ self.matrix[:shared].to(self.hidden.dtype).t()).float() / self.temperature
        scores = scores[:, :shared]
        wanted = wanted.log_softmax(dim=-1)
        own = (scores / self.temperature).log_softmax(dim=-1)
        divergence = (wanted.exp() * (wanted - own)).sum(dim=-1) * self.temperature**2
        slope = (own.exp() - wanted.exp()) * self.temperature
        return divergence, torch.nn.functional.pad(slope, (0, size - shared))


class HeadLoss(torch.autograd.Function):
    """Output layer and cross entropy in one, a chunk of tokens at a time, its gradient made on the way forward.

    Logits of a whole batch would be its largest buffer by far (tokens x 49,152 x 4 bytes) and are wanted only to make
    one small gradient. After Hsu et al. 2024, "Liger Kernel", arXiv:2410.10989, section 3.2.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        soft: Soft | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """`hidden` [N, D], `weight` [V, D], `targets` and `weights` [N]."""
        hard, extra = 1.0 - (soft.share if soft else 0.0), torch.zeros(len(targets), device=hidden.device)
        losses = torch.empty(len(targets), device=hidden.device)
        right = torch.empty(len(targets), dtype=torch.bool, device=hidden.device)
        grad_hidden = torch.empty(hidden.shape, device=hidden.device)
        grad_weight = torch.zeros(weight.shape, device=weight.device) if ctx.needs_input_grad[1] else None
        matrix = weight.to(hidden.dtype)
        for start in range(0, len(targets), CHUNK):
            part = slice(start, start + CHUNK)
            target, rows = targets[part], torch.arange(len(targets[part]), device=hidden.device)
            scores = (hidden[part] @ matrix.t()).float()
            top, best = scores.max(dim=-1, keepdim=True)
            right[part] = best[:, 0] == target
            scores -= top
            if soft is not None:
                extra[part], pull = soft.add(scores, part)
            chosen = scores[rows, target]
            total = scores.exp_().sum(dim=-1)
            losses[part] = total.log() - chosen
            scores *= (hard * weights[part] / total)[:, None]
            scores[rows, target] -= hard * weights[part]
            if soft is not None:
                scores += pull * (soft.share * weights[part])[:, None]
            slope = scores.to(hidden.dtype)
            grad_hidden[part] = (slope @ matrix).float()
            if grad_weight is not None:
                grad_weight += (slope.t() @ hidden[part]).float()
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.dtypes = hidden.dtype, weight.dtype
        ctx.mark_non_differentiable(losses, right)
        together = hard * losses + (soft.share * extra if soft else 0.0)
        return (together * weights).sum(), losses, right

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor, *_: Any) -> tuple[torch.Tensor, torch.Tensor | None, None, None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        of_hidden, of_weight = ctx.dtypes
        return (
            (grad_hidden * grad).to(of_hidden),
            None if grad_weight is None else (grad_weight * grad).to(of_weight),
            None,
            None,
            None,
        )


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
        return MixedByLength([len(item["input_ids"]) for item in items], self.args.train_batch_size, self.args.seed)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        pickled = Path(output_dir or self.args.output_dir) / "training_args.bin"
        pickled.unlink(missing_ok=True)  # arguments are kept in run.json, which needs no trust to be read


class AnswerTrainer(MixedTrainer):
    """A Trainer of `answer_loss`, which logs loss and share of right tokens for each kind of token."""

    def __init__(self, *, prefix: list[int], teacher: Teacher | None = None, **rest: Any) -> None:
        super().__init__(**rest)
        self.teacher = teacher
        self.prefix = torch.tensor([prefix], dtype=torch.long)
        self.weights = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])
        self.tokens = self.answer_tokens = 0  # read and learnt so far, without padding and the shared prefix
        self.seen = {True: torch.zeros(len(Kind), 3), False: torch.zeros(len(Kind), 3)}  # tokens, nats, right

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> tuple[list[Any], Any]:
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        return batches, sum(self.weight_of(batch) for batch in batches)

    def weight_of(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.weights[batch["kinds"][:, 1:].cpu()].sum()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        base = causal(self.accelerator.unwrap_model(model))
        with self.accelerator.autocast():  # accelerate puts it around model.forward only, which is not called here
            found = answer_loss(base, self.prefix, inputs, self.weights, self.teacher if model.training else None)
        if model.training:
            self.tokens += int(inputs["attention_mask"].sum())
            self.answer_tokens += len(found.kinds)
        seen = self.seen[model.training]
        for kind in Kind:
            of_kind = found.kinds == kind
            seen[kind] += torch.tensor([of_kind.sum(), found.losses[of_kind].sum(), found.right[of_kind].sum()])
        loss = found.total / (self.weight_of(inputs) if num_items_in_batch is None else num_items_in_batch)
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
