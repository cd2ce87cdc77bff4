"""One forward pass over rows in a cache, for any causal model of transformers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from ai.model.cache import Rows
from ai.model.llama import PackedLlama, can_pack


class Runner(Protocol):
    """A model that is run; not thread-safe."""

    vocabulary: int

    def empty(self) -> Rows:
        """A cache of one row and no column."""

    def forward(self, tokens: torch.Tensor, places: torch.Tensor, view: torch.Tensor, rows: Rows) -> torch.Tensor:
        """Append `tokens` [B, T] at positions `places` [B, T] to the cache of `rows`; `view` [B, T, S + T] says which columns

        each of them may look at. Returns hidden states [B, T, E]. The caller notes in `rows` what is to be kept.
        """

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N, E] → [N, V] in fp32, on the CPU: the grammar is there."""


def runner_for(model: Any) -> Runner:
    """The fastest there is for this model on this machine."""
    return PackedLlama(model) if can_pack(model) else PlainRunner(model)


class PlainRunner:
    """Through the model's own forward pass."""

    def __init__(self, model: Any) -> None:
        self.model, self.body = model, model.base_model
        self.vocabulary = int(model.config.vocab_size)
        self.head = model.get_output_embeddings()
        config = model.config.get_text_config()
        self.layers = int(config.num_hidden_layers)
        self.kinds = set(getattr(config, "layer_types", None) or [])
        self.window = int(getattr(config, "sliding_window", 0) or getattr(config, "window_size", 0) or 0)
        # GPT-Neo counts its window in columns of the cache; while we run it, it takes our mask instead.
        self.local_mask: torch.Tensor | None = None
        self.local = [
            (module, module.bias, torch.ones_like(module.bias).tril())
            for module in self.body.modules()
            if getattr(module, "attention_type", "") == "local" and hasattr(module, "bias")
        ]
        for module, *_ in self.local:
            module.register_forward_pre_hook(self.with_local_mask, with_kwargs=True)

    def empty(self) -> Rows:
        return Rows(self.layers)

    @torch.inference_mode()
    def forward(self, tokens: torch.Tensor, places: torch.Tensor, view: torch.Tensor, rows: Rows) -> torch.Tensor:
        device = self.model.device
        with self.windows_by_place():
            out = self.body(
                input_ids=tokens.to(device),
                position_ids=places.to(device),
                attention_mask=self.masks(places, view, rows),
                past_key_values=rows.cache,
                use_cache=True,
            )
        return out.last_hidden_state

    @contextmanager
    def windows_by_place(self) -> Iterator[None]:
        """The model is left as it was: others may run it too."""
        for module, _, everything in self.local:
            module.bias = everything
        try:
            yield
        finally:
            self.local_mask = None
            for module, own, _ in self.local:
                module.bias = own

    def masks(self, places: torch.Tensor, view: torch.Tensor, rows: Rows) -> Any:
        """Additive masks [B, 1, T, S + T]; of layers that see only a window, one of their own."""
        full = local = self.additive(view)
        if self.window:
            seen = torch.cat([rows.places, places], dim=1)
            local = self.additive(view & (places[:, :, None] - seen[:, None, :] < self.window))
        self.local_mask = local
        return {"full_attention": full, "sliding_attention": local} if self.kinds else full

    def with_local_mask(self, _: Any, positional: Any, named: dict[str, Any]) -> Any:
        return None if self.local_mask is None else (positional, {**named, "attention_mask": self.local_mask})

    def additive(self, view: torch.Tensor) -> torch.Tensor:
        dtype = self.model.dtype
        mask = torch.zeros(view.shape, dtype=dtype).masked_fill(~view, torch.finfo(dtype).min)
        return mask[:, None].to(self.model.device)

    @torch.inference_mode()
    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        scores = self.head(hidden).float()
        cap = getattr(self.model.config.get_text_config(), "final_logit_softcapping", None)
        if cap:
            scores = torch.tanh(scores / cap) * cap
        return scores.cpu()
