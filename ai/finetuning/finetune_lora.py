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
from datetime import UTC, datetime
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from peft.helpers import disable_input_dtype_casting
from transformers import TrainingArguments, set_seed

from ai.finetuning import attention
from ai.finetuning.examples import Example, Report, Row, data_hash, examples_of, read_rows, split_by_family
from ai.finetuning.training import AnswerTrainer, Collator, as_dataset, shared_prefix
from ai.knowledge import load_knowledge
from ai.model.loading import DEFAULT_MODEL, load
from ai.prompt import prompt_hash
from db.desk import Desk, load_desk

M_ARENA_MAX = -8  # of malloc.h
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
    parser.add_argument("--lr", type=float, default=6e-4, help="peak learning rate (default: 6e-4)")
    parser.add_argument("--epochs", type=float, default=4.0, help="times through the data (default: 4)")
    parser.add_argument("--steps", type=int, default=-1, help="stop after so many steps, whatever --epochs says")
    parser.add_argument("--batch", type=int, default=8, help="mails in one step (default: 8)")
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16", help="of the frozen base (default: bf16)")
    parser.add_argument("--keep-back", type=float, default=0.04, help="share of families that choose the best model")
    parser.add_argument("--evaluate-every", type=int, default=100, help="steps between looks at them (default: 100)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --work")
    return parser.parse_args()


def main() -> None:
    args = arguments()
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
    if not torch.cuda.is_available():
        loaded.model.set_attn_implementation(attention.NAME)
        keep_one_heap()

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
    with disable_input_dtype_casting(model):  # autocast does it; casting up first would copy every activation twice
        trained = trainer.train(resume_from_checkpoint=args.resume or None)

    # Save: adapter and, beside it, how it came about.
    out = args.out or desk.folder / "adapter"
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)  # half the size; serving merges it anyway
    model.peft_config["default"].base_model_name_or_path = args.base or DEFAULT_MODEL  # a name, not this machine's path
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)  # peft's model card is a form that nobody has filled in
    finished = datetime.now(UTC)
    run = {
        "name": f"{desk.name}-{finished:%Y%m%d-%H%M}",
        "arguments": {key: str(value) for key, value in sorted(vars(args).items())},
        "base": args.base or DEFAULT_MODEL,
        "data": [path.name for path in paths],
        "data_hash": data_hash(paths),
        "rows": {"taught": len(examples), "kept_back": len(checks), "unusable": len(report.problems)},
        "tokens": {"prompt": sum(len(e.prompt) for e in examples), "answer": sum(len(e.answer) for e in examples)},
        "prompt_hash": prompt_hash(desk),
        "commit": commit(),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started),
        "scores": {"train_loss": trained.training_loss, "eval_loss": trainer.state.best_metric},
    }
    (out / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Saved {out} after {run['seconds']} s. Judge it: python ai/finetuning/eval.py --adapter {out}")


def keep_one_heap() -> None:
    """Buffers of many lengths pass between threads; with a heap for each, glibc gave nothing back (24 GB were seen)."""
    libc = ctypes.util.find_library("c")
    if sys.platform == "linux" and libc and hasattr(ctypes.CDLL(libc), "mallopt"):
        ctypes.CDLL(libc).mallopt(M_ARENA_MAX, 1)


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
        eval_strategy="steps" if has_checks else "no",
        eval_steps=args.evaluate_every,
        save_strategy="steps",
        save_steps=args.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=has_checks,
        prediction_loss_only=True,
        label_names=["kinds"],
        logging_steps=10,
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
