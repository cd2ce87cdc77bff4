"""Train a model for a desk.

    python ai/finetuning/finetune_lora.py                          # the tennis desk, the default model, this machine
    python ai/finetuning/finetune_lora.py --desk helpdesk
    python ai/finetuning/finetune_lora.py --preset gpu-lora        # Llama 3.2 3B on a GPU
    python ai/finetuning/finetune_lora.py --resume                 # go on after Ctrl-C
    python ai/finetuning/finetune_lora.py --start desks/tennis/adapter --steps 300     # teach an adapter more
    python ai/finetuning/finetune_lora.py --task intent --data train.csv --out var/intents

Reads every `desks/<desk>/training/*.jsonl` except those to judge and to calibrate on (or the files of --data), trains, keeps the best
model by the loss on kept-back families, and writes the adapter with `run.json` and `curve.png` beside it.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting
from transformers import EarlyStoppingCallback, PrinterCallback, set_seed

from ai.finetuning import attention, intent_runs
from ai.finetuning.duplicates import like_any, repetition, without_copies
from ai.finetuning.examples import (
    Example,
    Report,
    Row,
    data_hash,
    examples_of,
    oversampled,
    read_rows,
    split_by_family,
)
from ai.finetuning.intents import UnusableIntents
from ai.finetuning.loss import Teacher, causal, has_plain_head
from ai.finetuning.methods import METHODS, PRECISIONS, CannotTrain, trainable, use_this_machine_well
from ai.finetuning.progress import Bar, StopOnInterrupt, Stopwatch, Told, draw_curve
from ai.finetuning.records import checkpoint_of, seconds_before, write_record
from ai.finetuning.training import AnswerTrainer, Collator, Packer, as_dataset, shared_prefix
from ai.finetuning.training_arguments import training_arguments
from ai.knowledge import load_knowledge
from ai.model.grammar import Grammar
from ai.model.loading import DEFAULT_MODEL, NoModel, load
from ai.prompt import prompt_hash
from ai.teaching import NOT_TAUGHT, own_data
from db.desk import Desk, UnusableDesk, load_desk

SPEAKS = os.environ.get("RANK", "0") == "0"  # of the processes that accelerate starts, one prints and saves
# accelerate's FSDP: parameters of a layer are there for one pass, so nothing can be computed ahead and shared
IS_SPREAD = os.environ.get("ACCELERATE_USE_FSDP", "") == "true"
PRESETS: dict[str, dict[str, Any]] = {
    "cpu-lora": {},  # the defaults below
    "gpu-lora": {
        "base": "meta-llama/Llama-3.2-3B-Instruct", "rank": 32, "lr": 2e-4, "batch": 4, "accumulate": 4, "epochs": 3.0,
        "checkpointing": True,
    },
    "gpu-qlora": {
        "base": "meta-llama/Llama-3.2-3B-Instruct", "method": "qlora", "rank": 32, "lr": 2e-4, "batch": 4, "accumulate": 4,
        "epochs": 3.0, "checkpointing": True,
    },
    "gpt2-full": {
        "base": "openai-community/gpt2", "method": "full", "lr": 2e-4, "schedule": "linear", "batch": 2, "accumulate": 4,
        "epochs": 1.0, "precision": "fp16" if torch.cuda.is_available() else "fp32", "evaluate_every": 1000,
        "log_every": 50,
    },
}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--preset", choices=PRESETS, default="cpu-lora", help="a set of defaults; what you state yourself wins")
    add("--task", choices=("reply", "intent"), default="reply", help="drafts of a desk, or labels of plain texts")
    add("--oos-label", default="", help="of --task intent: the label that means out of scope")
    add("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    add("--data", nargs="*", default=[], help="JSONL or CSV files instead of the desk's own")
    add("--base", default="", help="hub id or folder; default: the bundled SmolLM2-135M-Instruct")
    add("--start", default="", help="adapter to go on from, with new rows for instance (default: a new one)")
    add("--out", type=Path, help="folder of the result (default: desks/<desk>/adapter)")
    add("--work", type=Path, help="folder of checkpoints (default: var/training/<desk>)")
    add("--method", choices=METHODS, default="lora", help="adapter, adapter on a 4-bit base, or every weight")
    add(
        "--teacher",
        default="",
        help="hub id or folder of a larger model with the same tokenizer: learn its logits as well",
    )
    add("--teacher-adapter", default="", help="its adapter")
    add("--teacher-temperature", type=float, default=2.0, help="softens both models' probabilities (default: 2)")
    add("--teacher-share", type=float, default=0.5, help="of the teacher's part in the loss (default: 0.5)")
    add("--rank", type=int, default=16, help="LoRA rank; alpha is twice the rank, above 32 rsLoRA (default: 16)")
    add("--freeze", default="", metavar="PART", help="weights with that in their name are not learnt, such as attn")
    add("--dropout", type=float, default=0.0, help="LoRA dropout (default: 0, it copies every activation)")
    add("--precision", choices=PRECISIONS, default="bf16", help="of the arithmetic (default: bf16)")
    add("--lr", type=float, default=6e-4, help="peak learning rate (default: 6e-4)")
    add("--schedule", choices=("cosine", "linear"), default="cosine", help="how it falls (default: cosine)")
    add("--warmup", type=float, default=0.03, help="share of the steps in which it rises (default: 0.03)")
    add("--epsilon", type=float, default=1e-8, help="AdamW's: weights with smaller gradients move less (default: 1e-8)")
    add("--clip", type=float, default=1.0, help="longest gradient (default: 1.0)")
    add("--epochs", type=float, default=4.0, help="times through the data (default: 4)")
    add("--steps", type=int, default=-1, help="stop after so many steps, whatever --epochs says")
    add("--batch", type=int, default=8, help="mails read at one time (default: 8)")
    add("--accumulate", type=int, default=1, help="batches whose gradients make one step (default: 1)")
    add("--checkpointing", action="store_true", help="compute activations twice instead of keeping them (GPU memory)")
    add("--keep-back", type=float, default=0.04, help="share of families that choose the best model")
    add("--remember", default="", metavar="TAG", help="rows with that tag teach what --start says of them now")
    add(
        "--oversample",
        nargs="*",
        default=[],
        metavar="TAG=TIMES",
        help="rows with that tag are read so often, others once",
    )
    add("--evaluate-every", type=int, default=100, help="steps between looks at them, and checkpoints (default: 100)")
    add("--patience", type=int, default=0, help="stop after so many looks without progress (default: 0, never)")
    add("--keep", type=int, default=2, help="checkpoints to keep (default: 2)")
    add("--log-every", type=int, default=10, help="steps between logged lines (default: 10)")
    add("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    add("--seed", type=int, default=42)
    add("--progress", type=Path, help="file that tells other programs how far it is, as JSON")
    add("--resume", action="store_true", help="go on from the newest checkpoint in --work")
    parser.set_defaults(**PRESETS[parser.parse_known_args()[0].preset])
    return parser.parse_args()


def tag_and_times(stated: str) -> tuple[str, int]:
    """Raise CannotTrain."""
    tag, _, times = stated.rpartition("=")
    if not tag or not times.isdigit() or int(times) < 1:
        raise CannotTrain(f"--oversample {stated}: state a tag and how often, as in corrected=3.")
    return tag, int(times)


def main() -> None:
    args = arguments()
    set_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)

    if args.task == "intent":
        return intent_runs.train(args)
    if args.method == "full" and not args.out:
        raise CannotTrain("--method full writes a whole model: name a folder for it with --out.")

    # Data: rows, split by family or thread, without mails that stand on both sides. What cannot be used is said.
    desk = load_desk(args.desk)
    paths = [Path(path) for path in args.data] or own_data(desk)
    report = Report()
    rows = without_copies([row for path in paths for row in read_rows(path, report)])
    taught, kept_back = split_by_family(rows, args.keep_back, args.seed)
    leaked = like_any(taught, [*kept_back, *held_out(desk, paths)])
    taught = [row for i, row in enumerate(taught) if i not in leaked]
    taught = oversampled(taught, dict(map(tag_and_times, args.oversample)))

    # Model: the tokenizer comes with it, and the grammar of serving refuses rows that could never be written.
    made = trainable(
        args.base,
        args.method,
        args.precision,
        rank=args.rank,
        dropout=args.dropout,
        checkpointing=args.checkpointing,
        start=args.start,
        freeze=args.freeze,
    )
    knowledge = load_knowledge(desk.folder / "knowledge")
    grammar = Grammar(desk, made.tokenizer, made.model.config.vocab_size)
    examples, checks = (
        examples_of(
            part, desk, knowledge, made.tokenizer, report, grammar, longest_of(made.model.config), args.remember
        )
        for part in (taught, kept_back)
    )
    if SPEAKS:
        describe(rows, examples, checks, report, leaked=len(leaked))
    if not examples:
        raise SystemExit("No usable row: nothing to train on. The problems above say why.")

    # Training.
    teacher = None
    if args.teacher:
        teacher = teacher_for(causal(made.model), made.tokenizer, args)
    elif args.remember:
        teacher = itself_before(args)
    work = args.work or Path("var/training") / desk.name
    shared = 0 if args.checkpointing or IS_SPREAD else shared_prefix(examples + checks)
    packs = all(attention.packs(causal(one)) for one in (made.model, *([teacher.model] if teacher else [])))
    together = Packer if packs else Collator
    stop = StopOnInterrupt()
    trainer = AnswerTrainer(
        model=made.model,
        args=training_arguments(args, work, has_checks=bool(checks)),
        train_dataset=as_dataset(examples, shared),
        eval_dataset=as_dataset(checks, shared) if checks else None,
        data_collator=together(made.tokenizer.eos_token_id),
        prefix=examples[0].prompt[:shared],
        teacher=teacher,
        callbacks=[stop, *([EarlyStoppingCallback(args.patience)] if args.patience and checks else [])],
    )
    trainer.remove_callback(PrinterCallback)
    if SPEAKS:
        trainer.add_callback(Bar(lambda: trainer.tokens))
    if args.progress and SPEAKS:
        trainer.add_callback(Told(args.progress, lambda: trainer.tokens))
    checkpoint = checkpoint_of(work, args, data_hash(paths))
    watch = Stopwatch(seconds_before(checkpoint))
    trainer.add_callback(watch)
    # autocast chooses precisions; if peft cast as well, every activation would be copied twice
    casting = disable_input_dtype_casting(made.model) if args.method != "full" else nullcontext()
    started = time.monotonic()
    with casting:
        trained = trainer.train(resume_from_checkpoint=checkpoint)
    if stop.stopped:
        raise SystemExit(f"Stopped at step {trainer.state.global_step}. The same command with --resume goes on there.")

    # Save: the result and, beside it, how it came about.
    out = args.out or desk.folder / "adapter"
    lasted = time.monotonic() - started  # since the resumption, as the counts of tokens are
    gathered = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
    if not SPEAKS:
        return None
    save(made.model, made.tokenizer, out, args, gathered)
    draw_curve(trainer.state.log_history, out / "curve.png")
    write_record(
        out,
        args,
        seconds=watch.seconds,
        steps=trainer.state.global_step,
        rows={"taught": len(taught), "kept_back": len(kept_back), "unusable": len(report.problems)},
        scores={"train_loss": trained.training_loss, "eval_loss": trainer.state.best_metric},
        data=[path.name for path in paths],
        data_hash=data_hash(paths),
        tokens={"prompt": sum(len(e.prompt) for e in examples), "answer": sum(len(e.answer) for e in examples)},
        prompt_hash=prompt_hash(desk),
        tokens_per_second=round(trainer.tokens / lasted),
        answer_tokens_per_second=round(trainer.answer_tokens / lasted),
    )
    base = f" --base {args.base}" if args.base else ""
    judge = f"--base {out} --adapter ''" if args.method == "full" else f"--adapter {out}{base}"
    print(
        f"Saved {out} after {watch.seconds:.0f} s. Judge it: python ai/finetuning/eval.py --desk {desk.name} {judge} …"
    )


def teacher_for(student: Any, tokenizer: Any, args: argparse.Namespace) -> Teacher:
    """Raise CannotTrain where its tokens are not the student's: logits could not be compared."""
    loaded = load(args.teacher, args.teacher_adapter, dtype=PRECISIONS[args.precision])
    if not (has_plain_head(loaded.model) and has_plain_head(student)):
        raise CannotTrain(
            "--teacher needs models whose logits are one matrix times the hidden states; one of these scales or caps them."
        )
    if loaded.tokenizer.get_vocab() != tokenizer.get_vocab():
        raise CannotTrain(
            f"--teacher {args.teacher} has another tokenizer: let distill.py learn from its answers instead."
        )
    return Teacher(loaded.model, args.teacher_temperature, args.teacher_share)


def itself_before(args: argparse.Namespace) -> Teacher:
    """The adapter that is gone on from, so that rows to be remembered pull nowhere until something of them is lost.

    Li and Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282. Raise CannotTrain where there is none.
    """
    if not args.start:
        raise CannotTrain("--remember keeps what an adapter says now: name it with --start.")
    before = load(args.base, args.start, dtype=PRECISIONS[args.precision]).model
    if not has_plain_head(before):
        raise CannotTrain("--remember needs a model whose logits are one matrix times the hidden states.")
    if not torch.cuda.is_available():
        use_this_machine_well(before)
    return Teacher(before, temperature=1.0, share=None)


def longest_of(config: Any) -> int:
    """Positions that the model has, prompt and answer together; 0 where it states none."""
    return int(getattr(config, "max_position_embeddings", 0) or 0)


def held_out(desk: Desk, paths: Sequence[Path]) -> list[Row]:
    """The desk's rows to judge and to calibrate on, which no taught row may resemble, unless they are trained on."""
    taught = [path.resolve() for path in paths]
    found = [(desk.folder / "training" / name).resolve() for name in NOT_TAUGHT]
    return [row for path in found if path.is_file() and path not in taught for row in read_rows(path, Report())]


def describe(
    rows: Sequence[Row], examples: list[Example], checks: list[Example], report: Report, *, leaked: int
) -> None:
    counts = Counter(row.answer.category for row in rows if row.answer)
    languages = Counter(row.lang or "unknown" for row in rows)
    lengths = sorted(len(e) for e in examples) or [0]
    print(f"{repetition(rows)}.")
    print(f"{len(examples)} examples to learn from, {len(checks)} kept back, {len(report.problems)} rows unusable")
    print(f"  left out, because a kept-back or held-out mail is nearly the same: {leaked}")
    print("  by category:", ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    print("  by language:", ", ".join(f"{name} {n}" for name, n in sorted(languages.items())))
    print(f"  tokens: median {lengths[len(lengths) // 2]}, longest {lengths[-1]}, together {sum(lengths)}")
    if counts and max(counts.values()) > 20 * min(counts.values()):
        print("  far from balanced: the rarest category will hardly be learnt")
    for problem in report.problems[:20]:
        print("  unusable:", problem)
    if len(report.problems) > 20:
        print(f"  … and {len(report.problems) - 20} more")


def save(model: Any, tokenizer: Any, out: Path, args: argparse.Namespace, gathered: dict[str, Any] | None) -> None:
    """In bf16: half the size, and serving merges it anyway. `gathered`: the weights, where each process had a part of them."""
    weights = model.state_dict() if gathered is None else gathered
    is_full = args.method == "full"
    halved = {name: one.to(torch.bfloat16) for name, one in weights.items() if is_full or "lora_" in name}
    if is_full:
        model.config.dtype = torch.bfloat16
        model.save_pretrained(out, state_dict=halved)
        tokenizer.save_pretrained(out)
        return
    model.peft_config["default"].base_model_name_or_path = args.base or DEFAULT_MODEL  # a name, not this machine's path
    model.save_pretrained(out, state_dict=halved)
    (out / "README.md").unlink(missing_ok=True)  # peft's model card is a form that nobody has filled in


if __name__ == "__main__":
    try:
        main()
    except (CannotTrain, NoModel, UnusableDesk, UnusableIntents) as problem:
        raise SystemExit(str(problem)) from None
