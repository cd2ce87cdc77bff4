"""What is trained: low-rank adapters beside a frozen base, beside a base in four bits, or every weight."""

import ctypes
import ctypes.util
import sys
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig

from ai.finetuning import attention
from ai.finetuning.fused import fuse
from ai.model.loading import Loaded, load

METHODS = ("lora", "qlora", "full")
PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
RANK_OF_RSLORA = 32  # above it plain scaling by 1/rank starves the adapter: Kalajdzievski 2023, arXiv:2312.03732
M_ARENA_MAX = -8  # of malloc.h


class CannotTrain(Exception):
    """This machine cannot train in the way that was asked for; the message says what to change."""


@dataclass(frozen=True)
class Trainable:
    """A model with gradients where the method wants them, and the tokenizer of its base."""

    model: Any
    tokenizer: Any


def trainable(
    base: str,
    method: str,
    precision: str,
    *,
    rank: int = 16,
    dropout: float = 0.0,
    checkpointing: bool = False,
    start: str = "",
    freeze: str = "",
) -> Trainable:
    """Load `base` for `method`. Raise CannotTrain, or NoModel where the base cannot be found.

    `start`: the folder of an adapter to go on from, whose rank then holds; "" for a new one. `freeze`: weights with that in
    their name are not learnt.

    LoRA: Hu et al. 2021, arXiv:2106.09685, on every linear layer. QLoRA: Dettmers et al. 2023, arXiv:2305.14314, nf4
    with double quantisation.
    """
    if precision == "fp16" and not torch.cuda.is_available():
        raise CannotTrain("--precision fp16 needs a CUDA device, for its gradient scaling: use bf16 or fp32 here.")
    dtype = PRECISIONS[precision]
    if method == "full":
        if start:
            raise CannotTrain("--start names an adapter; a whole model is gone on from with --base.")
        loaded = load(base, dtype=torch.float32)  # full weights in half precision would swallow small updates
        loaded.model.requires_grad_(requires_grad=True)
        model = loaded.model
    else:
        loaded = quantised(base, dtype) if method == "qlora" else load(base, dtype=dtype)
        if method == "qlora":
            prepare_model_for_kbit_training(loaded.model, use_gradient_checkpointing=checkpointing)
        model = gone_on_from(loaded.model, start) if start else get_peft_model(loaded.model, lora_config(rank, dropout))
    if freeze:
        frozen(model, freeze)
    if not torch.cuda.is_available():
        use_this_machine_well(loaded.model)
        fuse(model)
    return Trainable(model, loaded.tokenizer)


def gone_on_from(model: Any, start: str) -> PeftModel:
    try:
        return PeftModel.from_pretrained(model, start, is_trainable=True)
    except (OSError, ValueError, RuntimeError) as error:  # no adapter there, or the layers of another base
        reason = str(error).strip().splitlines()[0]
        raise CannotTrain(f"--start {start} is no adapter that fits this base: {reason}") from error


def frozen(model: torch.nn.Module, part: str) -> None:
    """Raise CannotTrain where no weight that is learnt has that in its name, or none is left."""
    learnt = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    held = [weight for name, weight in learnt if part in name]
    if not held:
        raise CannotTrain(f"--freeze {part}: no weight that is learnt has that in its name, such as {learnt[0][0]}.")
    if len(held) == len(learnt):
        raise CannotTrain(f"--freeze {part}: nothing would be left to learn.")
    for weight in held:
        weight.requires_grad_(requires_grad=False)


def lora_config(rank: int, dropout: float) -> LoraConfig:
    stabilised = rank > RANK_OF_RSLORA
    return LoraConfig(
        r=rank,
        lora_alpha=rank if stabilised else 2 * rank,
        use_rslora=stabilised,
        lora_dropout=dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def quantised(base: str, dtype: torch.dtype) -> Loaded:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise CannotTrain("--method qlora needs bitsandbytes: pip install 'courtdesk[qlora]'.") from error
    config = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    return load(base, dtype=dtype, quantization=config)


def use_this_machine_well(model: Any) -> None:
    """On a CPU: attention with a fast backward pass where the architecture takes it, and one heap."""
    if attention.fits(model):
        model.set_attn_implementation(attention.NAME)
    # Buffers of many lengths pass between threads; with a heap for each, glibc gave nothing back (24 GB were seen).
    libc = ctypes.util.find_library("c")
    if sys.platform == "linux" and libc and hasattr(ctypes.CDLL(libc), "mallopt"):
        ctypes.CDLL(libc).mallopt(M_ARENA_MAX, 1)
