"""A tiny random Llama with a tokenizer of its own: the whole model path without any weights."""

import functools
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ai.model.loading import Loaded

TEXTS = [
    '{"category":"reset_password","username":"anna42","details":{"date":"Tuesday"},"reply":"Hi Anna,\\n\\nhello"}',
    '{"category":"general_inquiry","username":"","details":{},"reply":"Guten Tag, über"}',
    "create_account update_account delete_account create_booking cancel_booking move_booking other From: Subject:",
]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
# The shape of the real Llama 3.2 3B, with everything that costs memory made small.
LLAMA_32_3B: dict[str, Any] = {
    "num_key_value_heads": 2, "rope_theta": 500000.0, "rms_norm_eps": 1e-5, "tie_word_embeddings": True,
    "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192},
    "max_position_embeddings": 131072, "head_dim": 8,
}  # fmt: skip
KINDS: dict[str, Any] = {
    "llama": lambda: transformers.LlamaConfig(**SMALL, num_key_value_heads=2),
    "llama-3.2-3b": lambda: transformers.LlamaConfig(**SMALL, **LLAMA_32_3B),
    "gpt2": lambda: transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=2048),
    "gpt-neo": lambda: transformers.GPTNeoConfig(
        hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]], window_size=64
    ),
    "qwen2": lambda: transformers.Qwen2Config(**SMALL, num_key_value_heads=2),
    "gemma2": lambda: transformers.Gemma2Config(**SMALL, num_key_value_heads=1, head_dim=8, sliding_window=64),
    "gemma3": lambda: transformers.Gemma3TextConfig(**SMALL, num_key_value_heads=1, head_dim=8, sliding_window=64),
}


@functools.cache
def tokenizer() -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(TEXTS * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",
        bos_token="<|im_start|>",
        pad_token="<|im_end|>",
        chat_template=TEMPLATE,
    )


def loaded(seed: int = 0) -> Loaded:
    torch.manual_seed(seed)
    made = tokenizer()
    config = LlamaConfig(
        vocab_size=len(made), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    return Loaded(LlamaForCausalLM(config).eval(), made, "tiny", "")


def random_model(kind: str, seed: int = 0) -> Loaded:
    """A random model of that architecture, with the tests' tokenizer."""
    torch.manual_seed(seed)
    config, made = KINDS[kind](), tokenizer()
    config.vocab_size, config.bos_token_id, config.eos_token_id, config.pad_token_id = len(made), 1, 2, 2
    return Loaded(transformers.AutoModelForCausalLM.from_config(config).eval(), made, kind, "")
