"""Training learns the answer, its end included, and never the mail."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from ai.finetuning.examples import Example
from ai.finetuning.finetune_lora import Collator, answer_loss, as_dataset, shared_prefix


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    return LlamaForCausalLM(config)


EXAMPLES = [
    Example([5, 6, 7, 8, 9], [20, 21, 2]),
    Example([5, 6, 7, 30, 31], [40, 41]),
    Example([5, 6, 7, 30, 31, 32, 33], [40, 41, 42, 2], given=2),
]


def test_only_the_answer_is_learnt_and_its_end_too() -> None:
    shared = shared_prefix(EXAMPLES)
    batch = Collator(pad=2)(as_dataset(EXAMPLES, shared))

    learnt = [row[row != -100].tolist() for row in batch["labels"]]

    assert shared == 3
    assert learnt == [[20, 21, 2], [42, 2], [40, 41]]
    assert batch["attention_mask"].sum(dim=1).tolist() == [5, 8, 4]


def test_the_shared_prefix_gives_the_same_loss_and_gradients_as_whole_rows() -> None:
    shared = shared_prefix(EXAMPLES)
    whole, split = tiny_llama(), tiny_llama()

    losses = []
    for model, size in ((whole, 0), (split, shared)):
        batch = Collator(pad=2)(as_dataset(EXAMPLES, size))
        prefix = torch.tensor([EXAMPLES[0].prompt[:size]], dtype=torch.long)
        loss, count = answer_loss(model, prefix, batch["input_ids"], batch["attention_mask"], batch["labels"])
        loss.backward()
        losses.append(loss.item())
        assert count == 7

    assert abs(losses[0] - losses[1]) < 1e-4
    for one, other in zip(whole.parameters(), split.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-4)


def test_two_steps_lower_the_loss() -> None:
    model = tiny_llama()
    batch = Collator(pad=2)(as_dataset(EXAMPLES, 3))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)

    losses = []
    for _ in range(3):
        loss, _ = answer_loss(
            model, torch.tensor([[5, 6, 7]]), batch["input_ids"], batch["attention_mask"], batch["labels"]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    assert losses[2] < losses[0]
