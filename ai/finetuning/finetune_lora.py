"""Train a LoRA adapter for a desk.

    python ai/finetuning/finetune_lora.py                 # the tennis desk, the default model, this machine
    python ai/finetuning/finetune_lora.py --desk tennis --base meta-llama/Llama-3.2-3B-Instruct --batch 4 --lr 2e-4

Reads every `desks/<desk>/training/*.jsonl` except `heldout.jsonl` (or the files of --data), trains, keeps the best
model by the loss on kept-back families, and writes the adapter with a `run.json` beside it.
"""

import argparse
import ctypes
import ctypes.util
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainingArguments, set_seed
from transformers.cache_utils import DynamicCache

from ai.finetuning.examples import Example, Report, Row, data_hash, examples_of, read_rows, split_by_family
from ai.knowledge import load_knowledge
from ai.model.loading import DEFAULT_MODEL, load
from ai.prompt import prompt_hash
from db.desk import Desk, load_desk

M_MMAP_THRESHOLD = -3  # of malloc.h
PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    parser.add_argument("--data", type=Path, nargs="*", help="JSONL or CSV files instead of the desk's own")
    parser.add_argument("--base", default="", help="hub id or folder; default: the bundled SmolLM2-135M-Instruct")
    parser.add_argument("--out", type=Path, help="folder of the adapter (default: desks/<desk>/adapter)")
    parser.add_argument(
        "--work", type=Path, default=Path("var/training"), help="folder of checkpoints (default: var/training)"
    )
    parser.add_argument("--rank", type=int, default=16, help="LoRA rank; alpha is twice the rank (default: 16)")
    parser.add_argument(
        "--dropout",
        type=float,
        default=0.0,
        help="LoRA dropout (default: 0, it copies every activation, which a CPU feels)",
    )
    parser.add_argument("--lr", type=float, default=8e-4, help="peak learning rate (default: 8e-4)")
    parser.add_argument("--epochs", type=float, default=2.0, help="times through the data (default: 2)")
    parser.add_argument("--steps", type=int, default=-1, help="stop after so many steps, whatever --epochs says")
    parser.add_argument("--batch", type=int, default=16, help="mails in one step (default: 16)")
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16", help="of the frozen base (default: bf16)")
    parser.add_argument("--keep-back", type=float, default=0.04, help="share of families that choose the best model")
    parser.add_argument("--evaluate-every", type=int, default=60, help="steps between looks at them (default: 60)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --work")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    give_large_buffers_back()
    set_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)

    # Data: rows, split by family, then token ids. What cannot be used is said, not hidden.
    desk = load_desk(args.desk)
    paths = args.data or own_data(desk)
    report = Report()
    rows = [row for path in paths for row in read_rows(path, report)]
    loaded = load(args.base, dtype=PRECISIONS[args.precision])
    taught, kept_back = split_by_family(rows, args.keep_back, args.seed)
    knowledge = load_knowledge(desk.folder / "knowledge")
    examples, checks = (examples_of(part, desk, knowledge, loaded.tokenizer, report) for part in (taught, kept_back))
    describe(rows, examples, checks, report)
    if not examples:
        raise SystemExit("No usable row: nothing to train on. The problems above say why.")

    # Model: every linear layer gets an adapter; the base stays frozen in its own precision.
    lora = LoraConfig(
        r=args.rank,
        lora_alpha=2 * args.rank,
        lora_dropout=args.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(loaded.model, lora)

    # Training.
    shared = shared_prefix(examples + checks)
    trainer = AnswerTrainer(
        model=model,
        args=training_arguments(args, has_checks=bool(checks)),
        train_dataset=as_dataset(examples, shared),
        eval_dataset=as_dataset(checks, shared) if checks else None,
        data_collator=Collator(loaded.tokenizer.eos_token_id),
        prefix=examples[0].prompt[:shared],
    )
    started = time.monotonic()
    trained = trainer.train(resume_from_checkpoint=args.resume or None)

    # Save: adapter and, beside it, how it came about.
    out = args.out or desk.folder / "adapter"
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)  # half the size; serving merges it anyway
    model.peft_config["default"].base_model_name_or_path = args.base or DEFAULT_MODEL  # a name, not this machine's path
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)  # peft's model card is a form that nobody has filled in
    run = {
        "arguments": {key: str(value) for key, value in sorted(vars(args).items())},
        "base": args.base or DEFAULT_MODEL,
        "data": [path.name for path in paths],
        "data_hash": data_hash(paths),
        "rows": {"taught": len(examples), "kept_back": len(checks), "unusable": len(report.problems)},
        "tokens": {"prompt": sum(len(e.prompt) for e in examples), "answer": sum(len(e.answer) for e in examples)},
        "prompt_hash": prompt_hash(desk),
        "commit": commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started),
        "scores": {"train_loss": trained.training_loss, "eval_loss": trainer.state.best_metric},
    }
    (out / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Saved {out} after {run['seconds']} s. Judge it: python ai/finetuning/eval.py --adapter {out}")


def give_large_buffers_back() -> None:
    """Batches have many lengths; glibc would keep a heap for each (24 GB after a hundred steps were seen)."""
    libc = ctypes.util.find_library("c")
    if sys.platform == "linux" and libc and hasattr(ctypes.CDLL(libc), "mallopt"):
        ctypes.CDLL(libc).mallopt(M_MMAP_THRESHOLD, 1 << 20)


def own_data(desk: Desk) -> list[Path]:
    return sorted(path for path in (desk.folder / "training").glob("**/*.jsonl") if path.name != "heldout.jsonl")


def describe(rows: Sequence[Row], examples: list[Example], checks: list[Example], report: Report) -> None:
    counts: dict[str, int] = {}
    for row in rows:
        if row.answer:
            counts[row.answer.category] = counts.get(row.answer.category, 0) + 1
    lengths = sorted(len(e) for e in examples) or [0]
    print(f"{len(examples)} rows to learn from, {len(checks)} kept back, {len(report.problems)} unusable")
    print("  by category:", ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    print(f"  tokens a row: median {lengths[len(lengths) // 2]}, longest {lengths[-1]}, together {sum(lengths)}")
    for problem in report.problems[:20]:
        print("  unusable:", problem)


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
        ids = [*example.prompt[shared:], *example.answer]
        item = {"input_ids": ids, "learnt_from": len(example.prompt) - shared + example.given}
        items.append({**item, "with": items.pop()} if example.given else item)
    return items


@dataclass(frozen=True)
class Collator:
    """Pad on the right to the longest of the batch; labels by position, because pad and end may be one token."""

    pad: int

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        features = [*items, *(item["with"] for item in items if "with" in item)]
        longest = max(len(f["input_ids"]) for f in features)
        ids = torch.full((len(features), longest), self.pad)
        labels = torch.full((len(features), longest), -100)
        mask = torch.zeros((len(features), longest), dtype=torch.long)
        for i, f in enumerate(features):
            row = torch.tensor(f["input_ids"])
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
            labels[i, f["learnt_from"] : len(row)] = row[f["learnt_from"] :]
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class AnswerTrainer(Trainer):
    """A Trainer whose loss runs the shared prefix once a batch and computes logits only where something is learnt."""

    def __init__(self, *, prefix: list[int], **rest: Any) -> None:
        super().__init__(**rest)
        self.prefix = torch.tensor([prefix], dtype=torch.long)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        loss, count = answer_loss(
            model.get_base_model(), self.prefix, inputs["input_ids"], inputs["attention_mask"], inputs["labels"]
        )
        loss = loss / (num_items_in_batch if num_items_in_batch is not None else count)
        return (loss, (loss,)) if return_outputs else loss


def answer_loss(
    model: Any, prefix: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, int]:
    """Sum of cross entropies over answer tokens, and their number.

    `prefix` is [1, S], the tokens that every row begins with; `ids`, `mask` and `labels` are [B, T], what follows.
    The prefix's keys and values are computed once and shared by the B rows, gradients included.
    """
    prefix = prefix.to(ids.device)
    rows, size = ids.shape[0], prefix.shape[1]
    cache = DynamicCache(config=model.config)
    decoder = model.get_decoder()
    if size:
        decoder(input_ids=prefix, past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(rows)
    hidden = decoder(
        input_ids=ids,
        past_key_values=cache,
        attention_mask=torch.cat([mask.new_ones(rows, size), mask], dim=1),
        position_ids=torch.arange(size, size + ids.shape[1], device=ids.device).expand(rows, -1),
        use_cache=True,
    ).last_hidden_state
    learnt = labels[:, 1:] != -100  # the hidden state before a token predicts it
    logits = model.get_output_embeddings()(hidden[:, :-1][learnt]).float()
    targets = labels[:, 1:][learnt]
    return torch.nn.functional.cross_entropy(logits, targets, reduction="sum"), int(targets.numel())


def training_arguments(args: argparse.Namespace, *, has_checks: bool) -> TrainingArguments:
    on_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(args.work),
        num_train_epochs=args.epochs,
        max_steps=args.steps,
        per_device_train_batch_size=args.batch,
        per_device_eval_batch_size=args.batch,
        learning_rate=args.lr,
        lr_scheduler_type="cosine",
        warmup_steps=20,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        bf16=args.precision == "bf16",
        use_cpu=on_cpu,
        train_sampling_strategy="group_by_length",
        eval_strategy="steps" if has_checks else "no",
        eval_steps=args.evaluate_every,
        save_strategy="steps",
        save_steps=args.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=has_checks,
        prediction_loss_only=True,
        label_names=["labels"],
        logging_steps=5,
        remove_unused_columns=False,
        dataloader_pin_memory=not on_cpu,
        report_to=[],
        seed=args.seed,
    )


def commit() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip()


if __name__ == "__main__":
    main()
