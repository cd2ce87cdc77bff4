# ruff: noqa: E402 (the path comes before the imports)
"""torchrun tests/ai/processes.py WHAT FOLDER: one of several processes that train together; the tests start them."""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from transformers import TrainingArguments

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from peft import get_peft_model
from tiny import random_model

from ai.finetuning.examples import Kind
from ai.finetuning.loss import answer_loss, causal
from ai.finetuning.methods import lora_config
from ai.finetuning.training import WEIGHTS, AnswerTrainer, Collator, learning

LOOKS = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])


def item(seed: int) -> dict[str, Any]:
    chance = torch.Generator().manual_seed(seed)
    size = 12 + seed % 5
    ids = torch.randint(5, 300, (size,), generator=chance).tolist()
    kinds = [Kind.GIVEN] * 6 + [Kind.CATEGORY] * 2 + [Kind.REPLY] * (size - 8)
    return {"input_ids": ids, "kinds": kinds, "kept": [False] * size}


def train(folder: Path) -> None:
    """With as many processes as there are; each writes the weights that it ends with."""
    model = get_peft_model(random_model("llama").model, lora_config(4, 0.0))
    arguments = TrainingArguments(
        output_dir=str(folder / "work"), max_steps=4, per_device_train_batch_size=2, learning_rate=1e-2, use_cpu=True,
        report_to=[], remove_unused_columns=False, save_strategy="no", logging_strategy="no", disable_tqdm=True,
        label_names=["kinds"], ddp_find_unused_parameters=False, lr_scheduler_type="constant",
    )  # fmt: skip
    trainer = AnswerTrainer(
        model=model, args=arguments, train_dataset=[item(seed) for seed in range(16)], data_collator=Collator(2), prefix=[1, 5, 6],
    )  # fmt: skip
    trainer.train()
    rank = dist.get_rank() if dist.is_initialized() else 0
    ended = {name: one.flatten().tolist()[:20] for name, one in model.named_parameters() if one.requires_grad}
    (folder / f"rank{rank}.json").write_text(json.dumps({"weights": ended, "processes": trainer.args.world_size}))


def shard(folder: Path) -> None:
    """The loss and the gradients of a model whose parameters are spread over processes, beside those of a whole one."""
    dist.init_process_group("gloo")
    whole = get_peft_model(random_model("llama").model, lora_config(4, 0.0))
    torch.manual_seed(3)
    for name, one in whole.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.1)
    parts = copy.deepcopy(whole)
    for layer in causal(parts).get_decoder().layers:
        fully_shard(layer)
    fully_shard(parts)
    batch, prefix = Collator(2)([item(seed) for seed in range(4)]), torch.zeros(1, 0, dtype=torch.long)
    expected = answer_loss(causal(whole), prefix, batch, LOOKS)
    expected.total.backward()
    with learning(parts):
        found = parts(prefix, batch, LOOKS)
        found.total.backward()
    grads = dict(whole.named_parameters())
    far = max(
        float((one.grad.full_tensor() - grads[name].grad).abs().max())
        for name, one in parts.named_parameters()
        if one.requires_grad and one.grad is not None
    )
    told = {"expected": float(expected.total), "found": float(found.total), "far": far, "with_gradient": sum(
        one.grad is not None for one in parts.parameters() if one.requires_grad
    )}  # fmt: skip
    (folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(told))
    dist.destroy_process_group()


if __name__ == "__main__":
    {"train": train, "shard": shard}[sys.argv[1]](Path(sys.argv[2]))
