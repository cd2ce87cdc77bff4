"""--task intent of finetune_lora.py and eval.py: from CSV to a saved reader, and from a reader to a report."""

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback

from ai.finetuning.baselines import tfidf
from ai.finetuning.examples import data_hash
from ai.finetuning.intents import (
    Intents,
    UnusableIntents,
    blended,
    collator,
    fit_embeddings,
    items_of,
    judge_intents,
    load_reader,
    read_intents,
    save_reader,
    surest_in_scope,
    threshold_of,
    untrained,
)  # fmt: skip
from ai.finetuning.progress import Bar, StopOnInterrupt, Stopwatch, draw_curve
from ai.finetuning.records import checkpoint_of, seconds_before, write_record
from ai.finetuning.training import MixedTrainer
from ai.finetuning.training_arguments import training_arguments


def train(args: argparse.Namespace) -> None:
    """Train on --data, save into --out. Raise UnusableIntents, or SystemExit where --out is missing."""
    if not args.data or not args.out:
        raise SystemExit("--task intent needs --data and --out.")

    # Data: labels in order, some kept back at random (single texts have no threads) to choose model and threshold.
    data = read_intents(args.data)
    if not data:
        raise UnusableIntents(f"{args.data} holds no row.")
    labels = sorted(set(data.labels))
    chosen = set(random.Random(args.seed).sample(range(len(data)), round(args.keep_back * len(data))))
    taught, kept_back = (
        data.only([i not in chosen for i in range(len(data))]),
        data.only([i in chosen for i in range(len(data))]),
    )
    counts = Counter(data.labels)
    print(f"{len(data)} texts, {len(labels)} labels, {min(counts.values())} to {max(counts.values())} texts a label")

    # Model and training.
    reader = untrained(args.base, labels, args.precision, args.method, args.rank)
    work = args.work or Path("var/training/intents")
    stop = StopOnInterrupt()
    trainer = MixedTrainer(
        model=reader.model,
        args=training_arguments(args, work, has_checks=bool(len(kept_back)), labels="labels"),
        train_dataset=items_of(taught, reader),
        eval_dataset=items_of(kept_back, reader) if len(kept_back) else None,
        data_collator=collator(reader),
        callbacks=[stop],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Bar(lambda: trainer.state.num_input_tokens_seen))
    checkpoint = checkpoint_of(work, args, data_hash([Path(path.partition(":")[0]) for path in args.data]))
    watch = Stopwatch(seconds_before(checkpoint))
    trainer.add_callback(watch)
    trained = trainer.train(resume_from_checkpoint=checkpoint)
    seconds = watch.seconds
    if stop.stopped:
        raise SystemExit(f"Stopped at step {trainer.state.global_step}. The same command with --resume goes on there.")

    # Beside it the regression on embeddings; the threshold comes from kept-back texts that are in scope.
    reader.model.float().eval()
    fit_embeddings(reader, taught)
    inside = kept_back.only([label != args.oos_label for label in kept_back.labels])
    threshold = 0.0
    if len(inside):
        threshold = threshold_of(surest_in_scope(blended(reader, inside.texts)["mean"], labels, args.oos_label))
    out = Path(args.out)
    save_reader(reader, out, args.base, threshold)
    draw_curve(trainer.state.log_history, out / "curve.png")
    write_record(
        out,
        args,
        seconds=seconds,
        steps=trainer.state.global_step,
        rows={"taught": len(taught), "kept_back": len(kept_back)},
        scores={"train_loss": trained.training_loss, "eval_loss": trainer.state.best_metric},
    )
    print(
        f"Saved {out} after {seconds:.0f} s. Judge it: python ai/finetuning/eval.py --task intent --adapter {out} --data …"
    )


def judge(args: argparse.Namespace) -> None:
    """Judge --adapter on --data; with --train the TF-IDF baseline is taught on those rows and judged as well."""
    if not args.data or not args.adapter:
        raise SystemExit("--task intent needs --data and --adapter, the folder that finetune_lora.py wrote.")
    if args.threads:
        torch.set_num_threads(args.threads)
    data = read_intents(args.data)
    reader, threshold = load_reader(Path(args.adapter), args.base)
    found = blended(reader, data.texts)
    figures: dict[str, Any] = judge_intents(found["mean"], data.labels, reader.labels, args.oos_label, threshold)
    figures["baselines"] = {
        name: judge_intents(part, data.labels, reader.labels, args.oos_label, threshold)
        for name, part in found.items()
        if name != "mean"
    }
    if args.train:
        figures["baselines"]["tfidf_logistic_regression"] = judge_tfidf(args, data)
    print(json.dumps(figures, indent=2))
    if args.report:
        args.report.parent.mkdir(parents=True, exist_ok=True)
        args.report.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def judge_tfidf(args: argparse.Namespace, data: Intents) -> dict[str, Any]:
    taught = read_intents(args.train)
    reader = tfidf(taught.texts, taught.labels)
    probabilities = reader.predict_proba(data.texts).astype("float32")
    return judge_intents(probabilities, data.labels, list(reader.classes_), args.oos_label, 0.0)
