"""Token ids become a loss and its gradient: only the answer is learnt, and logits exist only where something is."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from transformers.cache_utils import DynamicCache

from ai.finetuning.examples import Kind

CHUNK = 256  # answer tokens whose logits exist at one time


class AnswerLoss(NamedTuple):
    """`total`: weighted sum of cross entropies in nats. `losses` and `right`, each [N]: per learnt token; `kinds` [N]."""

    total: torch.Tensor
    losses: torch.Tensor
    right: torch.Tensor
    kinds: torch.Tensor


@dataclass(frozen=True)
class Teacher:
    """A larger model with the same tokenizer, whose probabilities are learnt beside the right tokens.

    Hinton et al. 2015, arXiv:1503.02531: loss = (1 - share) * cross entropy + share * T^2 * KL(teacher || student), both
    softened by T = `temperature`. Without a share it is 1 for the tokens that a batch says are `kept`, and 0 for the others.
    """

    model: Any
    temperature: float = 2.0
    share: float | None = 0.5


def answer_loss(
    model: Any,
    prefix: torch.Tensor,
    batch: dict[str, torch.Tensor],
    weights: torch.Tensor,
    teacher: Teacher | None = None,
) -> AnswerLoss:
    """Loss of the answer tokens of `batch`, whose rows all follow `prefix` [1, S]; `weights` goes by kind.

    The rows lie side by side [B, T] or, where the batch states their `lengths`, one behind the other [1, T].

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
            share = (
                batch["kept"][:, 1:][learnt].float() if teacher.share is None else torch.full_like(weigh, teacher.share)
            )
            soft = Soft(seen, teacher.model.get_output_embeddings().weight, teacher.temperature, share)
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
    if "lengths" in batch:
        return one_behind_the_other(decoder, prefix.to(ids.device), ids, batch["lengths"].tolist())
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


def one_behind_the_other(decoder: Any, prefix: torch.Tensor, ids: torch.Tensor, lengths: list[int]) -> Any:
    """Output over rows of those `lengths` in `ids` [1, T], computed in one pass with the prefix that all look at."""
    size, longest = prefix.shape[1], max(lengths)
    places = torch.arange(size + longest, device=ids.device)
    out = decoder(
        input_ids=torch.cat([prefix, ids], dim=1),
        attention_mask=torch.ones(1, 1, size + longest, size + longest, dtype=torch.bool, device=ids.device).tril(),
        position_ids=torch.cat([places[:size], *(places[size : size + length] for length in lengths)])[None],
        rows=[size, *lengths],
        use_cache=False,
    )
    for name in ("last_hidden_state", "logits"):
        if name in out:
            out[name] = out[name][:, size:]
    return out


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
    """A teacher's hidden states [N, E] and output matrix [V, E], the temperature, and its share in each token's loss [N]."""

    hidden: torch.Tensor
    matrix: torch.Tensor
    temperature: float
    share: torch.Tensor

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
        hard, extra = torch.ones_like(weights) - (soft.share if soft else 0.0), torch.zeros_like(weights)
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
            scores *= (hard[part] * weights[part] / total)[:, None]
            scores[rows, target] -= hard[part] * weights[part]
            if soft is not None:
                scores += pull * (soft.share[part] * weights[part])[:, None]
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
