"""The command line becomes transformers' TrainingArguments."""

import argparse
from pathlib import Path

import torch
from transformers import TrainingArguments


def training_arguments(
    args: argparse.Namespace, work: Path, *, has_checks: bool, labels: str = "kinds"
) -> TrainingArguments:
    """transformers' own arguments out of ours; checkpoints and looks at kept-back rows come at the same steps."""
    on_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(work),
        num_train_epochs=args.epochs,
        max_steps=args.steps,
        per_device_train_batch_size=args.batch,
        per_device_eval_batch_size=args.batch,
        gradient_accumulation_steps=args.accumulate,
        gradient_checkpointing=args.checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if args.checkpointing else None,
        learning_rate=args.lr,
        lr_scheduler_type=args.schedule,
        warmup_steps=args.warmup,  # below 1 it is a share
        max_grad_norm=args.clip,
        adam_epsilon=args.epsilon,
        optim="adamw_torch_fused",
        bf16=args.precision == "bf16",
        fp16=args.precision == "fp16",
        use_cpu=on_cpu,
        eval_strategy="steps" if has_checks else "no",
        eval_steps=args.evaluate_every,
        save_strategy="steps",
        save_steps=args.evaluate_every,
        save_total_limit=args.keep,
        load_best_model_at_end=has_checks,
        prediction_loss_only=True,
        label_names=[labels],
        logging_steps=args.log_every,
        remove_unused_columns=False,
        dataloader_pin_memory=not on_cpu,
        disable_tqdm=True,
        include_num_input_tokens_seen="non_padding" if labels == "labels" else "no",
        report_to=[],
        restore_callback_states_from_checkpoint=True,  # the patience that is left
        seed=args.seed,
    )
