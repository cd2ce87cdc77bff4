"""Training learns the answer, its end included, and never the mail."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import random_model
from transformers import LlamaConfig, LlamaForCausalLM

from ai.finetuning import attention
from ai.finetuning.attention import folded_attention
from ai.finetuning.examples import Example, Kind
from ai.finetuning.fused import fuse
from ai.finetuning.loss import HeadLoss, Soft, Teacher, answer_loss
from ai.finetuning.methods import lora_config
from ai.finetuning.training import WEIGHTS, Collator, MixedByLength, Packer, as_dataset, shared_prefix

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks the old name
GIVEN, CATEGORY, FIELDS, REPLY, STRESSED = Kind
ALIKE = torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0])


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    return LlamaForCausalLM(config)


EXAMPLES = [
    Example([5, 6, 7, 8, 9], [20, 21, 2], [CATEGORY, FIELDS, REPLY]),
    Example([5, 6, 7, 30, 31], [40, 41], [CATEGORY, CATEGORY]),
    Example([5, 6, 7, 30, 31, 32, 33], [40, 41, 42, 2], [GIVEN, GIVEN, REPLY, REPLY], follows=True),
]


def test_only_the_answer_is_learnt_and_its_end_too() -> None:
    shared = shared_prefix(EXAMPLES)
    batch = Collator(pad=2)(as_dataset(EXAMPLES, shared))

    learnt = [ids[kinds != GIVEN].tolist() for ids, kinds in zip(batch["input_ids"], batch["kinds"], strict=True)]

    assert shared == 3
    assert learnt == [[20, 21, 2], [42, 2], [40, 41]]
    assert batch["attention_mask"].sum(dim=1).tolist() == [5, 8, 4]


def test_the_output_layer_gives_the_loss_and_gradients_of_torch() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(300, 8), torch.randn(50, 8)  # more than one chunk
    targets, weights = torch.randint(50, (300,)), torch.rand(300)

    grads = []
    for ours in (True, False):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if ours:
            total, losses, right = HeadLoss.apply(h, w, targets, weights)
        else:
            losses = torch.nn.functional.cross_entropy(h @ w.t(), targets, reduction="none")
            total, right = (losses * weights).sum(), (h @ w.t()).argmax(dim=-1) == targets
        (2 * total).backward()
        grads.append((total, losses, right, h.grad, w.grad))

    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-4)


def test_a_teacher_gives_the_gradients_of_softened_probabilities() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(300, 8), torch.randn(50, 8)
    seen, matrix = torch.randn(300, 12), torch.randn(50, 12)
    targets, weights = torch.randint(50, (300,)), torch.rand(300)

    grads = []
    for ours in (True, False):
        h = hidden.clone().requires_grad_()
        if ours:
            total, _, _ = HeadLoss.apply(h, weight, targets, weights, Soft(seen, matrix, 2.0, torch.full((300,), 0.3)))
        else:
            own, wanted = (h @ weight.t() / 2).log_softmax(-1), (seen @ matrix.t() / 2).log_softmax(-1)
            soft = torch.nn.functional.kl_div(own, wanted, reduction="none", log_target=True).sum(-1) * 4
            hard = torch.nn.functional.cross_entropy(h @ weight.t(), targets, reduction="none")
            total = ((0.7 * hard + 0.3 * soft) * weights).sum()
        total.backward()
        grads.append((total, h.grad))

    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_what_is_to_be_remembered_pulls_only_where_it_was_lost() -> None:
    """At the start the model is its own teacher: kept rows have no gradient, the others that of the right tokens."""
    kept = [replace(one, kept=frozenset(Kind)) for one in EXAMPLES]
    weights = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])
    prefix = torch.zeros(1, 0, dtype=torch.long)

    def largest(examples: list[Example], teacher: Teacher | None) -> float:
        model = tiny_llama()
        found = answer_loss(model, prefix, Collator(pad=2)(as_dataset(examples, 0)), weights, teacher)
        found.total.backward()
        return max(float(one.grad.abs().max()) for one in model.parameters() if one.grad is not None)

    itself = Teacher(tiny_llama(), temperature=1.0, share=None)
    assert largest(kept, itself) < 1e-3 * largest(kept, None)
    assert largest(EXAMPLES, itself) == pytest.approx(largest(EXAMPLES, None), rel=1e-3)


def test_decisions_weigh_more_than_prose() -> None:
    batch = Collator(pad=2)(as_dataset(EXAMPLES, 0))
    weights = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])

    loss = answer_loss(tiny_llama(), torch.zeros(1, 0, dtype=torch.long), batch, weights)

    expected = sum(WEIGHTS[Kind(k)] * nats for k, nats in zip(loss.kinds.tolist(), loss.losses.tolist(), strict=True))
    assert sorted(loss.kinds.tolist()) == [CATEGORY] * 3 + [FIELDS] + [REPLY] * 3
    assert abs(loss.total.item() - expected) < 1e-4


def test_the_shared_prefix_gives_the_same_loss_and_gradients_as_whole_rows() -> None:
    shared = shared_prefix(EXAMPLES)
    whole, split = tiny_llama(), tiny_llama()

    losses = []
    for model, size in ((whole, 0), (split, shared)):
        batch = Collator(pad=2)(as_dataset(EXAMPLES, size))
        prefix = torch.tensor([EXAMPLES[0].prompt[:size]], dtype=torch.long)
        found = answer_loss(model, prefix, batch, ALIKE)
        found.total.backward()
        losses.append(found.total.item())
        assert len(found.losses) == 7

    assert abs(losses[0] - losses[1]) < 1e-4
    for one, other in zip(whole.parameters(), split.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-4)


@pytest.mark.parametrize("kind", ["llama", "llama-3.2-3b", "gpt2", "qwen2"])
@pytest.mark.parametrize("size", [0, 3])
def test_rows_one_behind_the_other_give_the_loss_and_gradients_of_rows_side_by_side(kind: str, size: int) -> None:
    prefix = torch.tensor([EXAMPLES[0].prompt[:size]], dtype=torch.long)

    found = []
    for together in (Collator(pad=2), Packer(pad=2)):
        model = random_model(kind).model
        if isinstance(together, Packer):
            model.set_attn_implementation(attention.NAME)
            assert attention.packs(model)
        loss = answer_loss(model, prefix, together(as_dataset(EXAMPLES, size)), ALIKE)
        loss.total.backward()
        found.append((loss, [one.grad for one in model.parameters()]))

    (padded, expected), (packed, grads) = found
    assert len(packed.losses) == 7
    assert torch.allclose(packed.losses.sort().values, padded.losses.sort().values, atol=1e-4)
    for one, other in zip(grads, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_a_layer_fused_with_its_adapter_gives_the_output_and_gradients_of_both() -> None:
    torch.manual_seed(0)
    plain = get_peft_model(random_model("llama").model, lora_config(4, 0.0))
    for name, one in plain.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.2)
    fused = copy.deepcopy(plain)
    assert fuse(fused) == 14
    batch, prefix = Packer(pad=2)(as_dataset(EXAMPLES, 3)), torch.tensor([[5, 6, 7]])

    found = []
    for model in (plain, fused):
        model.get_base_model().set_attn_implementation(attention.NAME)
        loss = answer_loss(model.get_base_model(), prefix, batch, ALIKE).total
        loss.backward()
        found.append((loss, {name: one.grad for name, one in model.named_parameters() if one.requires_grad}))

    (expected, grads), (loss, others) = found
    assert torch.allclose(loss, expected, atol=1e-4)
    for name, grad in grads.items():
        assert grad.abs().sum() > 0
        assert torch.allclose(grad, others[name], atol=1e-4), name


@pytest.mark.parametrize("more", [{"lora_dropout": 0.1}, {"use_dora": True}])
def test_an_adapter_that_does_more_stays_with_peft(more: dict[str, Any]) -> None:
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **more)

    assert fuse(get_peft_model(random_model("llama").model, config)) == 0


def test_layers_that_look_through_a_window_are_not_packed() -> None:
    model = random_model("gemma3").model
    model.set_attn_implementation(attention.NAME)

    assert not attention.packs(model)


def test_two_steps_lower_the_loss() -> None:
    model = tiny_llama()
    batch = Collator(pad=2)(as_dataset(EXAMPLES, 3))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)

    losses = []
    for _ in range(3):
        loss = answer_loss(model, torch.tensor([[5, 6, 7]]), batch, ALIKE).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    assert losses[2] < losses[0]


def test_folded_attention_is_attention() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 6, 5, 4), torch.randn(2, 3, 7, 4), torch.randn(2, 3, 7, 4)
    mask = torch.ones(5, 7, dtype=torch.bool).tril(2)[None, None].expand(2, 1, 5, 7).clone()
    mask[1, :, :, 6] = False
    layer = torch.nn.Module()

    ours, _ = folded_attention(layer, query, key, value, mask)

    theirs = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    assert torch.allclose(ours, theirs.transpose(1, 2), atol=1e-5)


def test_a_batch_holds_rows_of_like_length_and_every_row_comes_once() -> None:
    torch.manual_seed(0)
    lengths = torch.randint(10, 500, (403,)).tolist()

    order = list(MixedByLength(lengths, batch=8, batches_together=50))

    batches = [[lengths[i] for i in order[start : start + 8]] for start in range(0, 400, 8)]
    assert sorted(order) == list(range(403))
    assert max(max(batch) - min(batch) for batch in batches) < 100
    means = [sum(batch) for batch in batches]
    assert means != sorted(means)
    assert means != sorted(means, reverse=True)
