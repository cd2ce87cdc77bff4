"""make bench-train: answer tokens learnt a second, against TRL's SFTTrainer and against padding to 512.

Each arm trains the same LoRA on the same rows of the default model in a process of its own; the first steps warm up and
are not counted. QUICK=1 takes fewer steps.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
QUICK = bool(os.environ.get("QUICK"))
STEPS, WARM, BATCH = (4, 1, 8) if QUICK else (16, 6, 8)  # a step that meets a longer batch than any before is slow
ARMS = ("ours", "trl", "padded")


def prepared() -> tuple[Any, Any, list[Any]]:
    """The model with its LoRA, the tokenizer, and examples spread over all lengths."""
    import torch
    from peft import get_peft_model

    from ai.finetuning.examples import Report, examples_of, read_rows
    from ai.finetuning.methods import lora_config
    from ai.knowledge import load_knowledge
    from ai.model.loading import load
    from db.desk import load_desk

    desk = load_desk("tennis")
    rows = read_rows(desk.folder / "training" / "generated.jsonl", Report())[:: 1 if not QUICK else 4]
    loaded = load(dtype=torch.bfloat16)
    examples = examples_of(rows, desk, load_knowledge(desk.folder / "knowledge"), loaded.tokenizer, Report())
    return get_peft_model(loaded.model, lora_config(16, 0.0)), loaded.tokenizer, examples


class Clock:
    """Counts answer tokens and seconds from the end of warming up."""

    def __init__(self) -> None:
        self.steps = self.tokens = 0
        self.started = time.monotonic()

    def step(self, answer_tokens: int) -> None:
        self.steps += 1
        if self.steps <= WARM:
            self.started = time.monotonic()
        else:
            self.tokens += answer_tokens

    def result(self) -> float:
        return self.tokens / (time.monotonic() - self.started)


def ours() -> float:
    import torch
    from peft.helpers import disable_input_dtype_casting

    from ai.finetuning.examples import Kind
    from ai.finetuning.fused import fuse
    from ai.finetuning.loss import answer_loss
    from ai.finetuning.methods import use_this_machine_well
    from ai.finetuning.training import WEIGHTS, MixedByLength, Packer, as_dataset, shared_prefix

    model, tokenizer, examples = prepared()
    use_this_machine_well(model.get_base_model())
    fuse(model)
    shared = shared_prefix(examples)
    items = as_dataset(examples, shared)
    order = list(MixedByLength([len(item["input_ids"]) for item in items], BATCH, seed=1, batches_together=1))
    prefix = torch.tensor([examples[0].prompt[:shared]])
    weights = torch.tensor([WEIGHTS.get(kind, 0.0) for kind in Kind])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, fused=True)
    clock = Clock()
    for step in range(WARM + STEPS):
        batch = Packer(tokenizer.eos_token_id)([items[i] for i in order[step * BATCH : (step + 1) * BATCH]])
        with disable_input_dtype_casting(model), torch.autocast("cpu", dtype=torch.bfloat16):
            found = answer_loss(model.get_base_model(), prefix, batch, weights)
        found.total.backward()
        optimizer.step()
        optimizer.zero_grad()
        clock.step(len(found.kinds))
    return clock.result()


def trl() -> float:
    """TRL's SFTTrainer with its defaults, on prompt and completion, so that it too learns the answer only."""
    import datasets
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    model, tokenizer, examples = prepared()
    rows = [
        {"input_ids": e.prompt + e.answer, "completion_mask": [0] * len(e.prompt) + [1] * len(e.answer)}
        for e in examples
    ]
    clock = Clock()

    class Watch(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.step(seen.pop(0) if seen else 0)

    seen: list[int] = []
    config = SFTConfig(
        output_dir=str(ROOT / "var" / "bench" / "trl"), max_steps=WARM + STEPS, save_strategy="no", report_to=[], seed=1,
        use_cpu=True,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=model, args=config, train_dataset=datasets.Dataset.from_list(rows), processing_class=tokenizer
    )
    collate = trainer.data_collator

    def counting(features: Any) -> Any:
        batch = collate(features)
        seen.append(int((batch["labels"] != -100).sum()))
        return batch

    trainer.data_collator = counting
    trainer.add_callback(Watch())
    trainer.train()
    return clock.result()


def padded() -> float:
    """Every row padded to 512 tokens, logits everywhere: what many tutorials do."""
    import random

    import torch

    model, tokenizer, examples = prepared()
    fitting = [e for e in examples if len(e) <= 512 and not e.follows]
    random.Random(1).shuffle(fitting)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, fused=True)
    clock = Clock()
    for step in range(WARM + STEPS):
        ids = torch.full((BATCH, 512), tokenizer.eos_token_id)
        labels, mask = torch.full((BATCH, 512), -100), torch.zeros((BATCH, 512), dtype=torch.long)
        for i, e in enumerate(fitting[step * BATCH : (step + 1) * BATCH]):
            ids[i, : len(e)] = torch.tensor(e.prompt + e.answer)
            labels[i, len(e.prompt) : len(e)] = torch.tensor(e.answer)
            mask[i, : len(e)] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        clock.step(int((labels != -100).sum()))
    return clock.result()


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps({"answer_tokens_per_second": {"ours": ours, "trl": trl, "padded": padded}[sys.argv[1]]()}))
        return
    from tests.bench.table import Figure, report

    speed: dict[str, float] = {}
    for arm in ARMS:
        done = subprocess.run([sys.executable, __file__, arm], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{arm} did not run: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
            continue
        speed[arm] = json.loads(done.stdout.strip().splitlines()[-1])["answer_tokens_per_second"]
    if "ours" not in speed:
        raise SystemExit(1)
    figures = [Figure("this trainer", speed["ours"], "answer tokens/s")]
    for arm, name, goal in (
        ("trl", "TRL SFTTrainer, its defaults", 2.0),
        ("padded", "padded to 512, logits everywhere", 4.0),
    ):
        if arm in speed:
            figures.append(
                Figure(f"against {name}", speed[arm], "answer tokens/s", name, speed["ours"] / speed[arm], goal)
            )
    report("bench-train", figures)


if __name__ == "__main__":
    main()
