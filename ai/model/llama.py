"""Llama's forward pass for a CPU, where reading weights and waking threads cost more than arithmetic.

Projections with one input are one product, weights lie in the order in which oneDNN reads them, and the query heads
of one key head are rows of one attention, so that no key is ever copied. Measured by `make bench-draft`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import linear, rms_norm, scaled_dot_product_attention, silu

from ai.model.cache import Rows

Product = Callable[[torch.Tensor], torch.Tensor]


def can_pack(model: Any) -> bool:
    """Whether it is a plain Llama on the CPU, in a precision that it can run in as it is."""
    config = model.config
    return (
        config.model_type == "llama"
        and model.device.type == "cpu"
        and model.dtype in (torch.float32, torch.bfloat16)
        and getattr(model, "hf_quantizer", None) is None
        and not (config.attention_bias or config.mlp_bias)
        and config.hidden_act == "silu"
        and all(type(part) is torch.nn.Linear for name, part in model.named_modules() if name.endswith("_proj"))
    )


class PackedLlama:
    """Shares nothing with the model it was made from but embeddings and norms, so that may be dropped."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self.vocabulary = int(config.vocab_size)
        self.heads, self.key_heads = int(config.num_attention_heads), int(config.num_key_value_heads)
        self.size = int(getattr(config, "head_dim", None) or config.hidden_size // self.heads)
        self.epsilon = float(config.rms_norm_eps)
        self.embedding, self.rotary = model.model.embed_tokens.weight, model.model.rotary_emb
        self.layers = [self.packed(layer) for layer in model.model.layers]
        self.norm = model.model.norm.weight
        self.head = product(model.lm_head.weight)

    def packed(self, layer: Any) -> tuple[torch.Tensor, Product, Product, torch.Tensor, Product, Product]:
        attention, mlp = layer.self_attn, layer.mlp
        return (
            layer.input_layernorm.weight,
            product(torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight])),
            product(attention.o_proj.weight),
            layer.post_attention_layernorm.weight,
            product(torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])),
            product(mlp.down_proj.weight),
        )

    def empty(self) -> Rows:
        return Rows(len(self.layers))

    @torch.inference_mode()
    def forward(self, tokens: torch.Tensor, places: torch.Tensor, view: torch.Tensor, rows: Rows) -> torch.Tensor:
        """As `Runner.forward`."""
        batch, length = tokens.shape
        hidden = self.embedding[tokens]
        cos, sin = (part[:, :, None, :] for part in self.rotary(hidden, places))
        group = self.heads // self.key_heads
        mask = torch.zeros(view.shape, dtype=hidden.dtype).masked_fill_(~view, -torch.inf)
        mask = mask[:, None, None].expand(-1, 1, group, -1, -1).reshape(batch, 1, group * length, -1)
        for columns, (before, qkv, out, after, gate_up, down) in zip(rows.layers, self.layers, strict=True):
            normed = rms_norm(hidden, before.shape, before, self.epsilon)
            parts = qkv(normed).view(batch, length, -1, self.size)
            turned, value = parts[:, :, : -self.key_heads], parts[:, :, -self.key_heads :]
            turned = turned * cos + half_turned(turned) * sin
            query, key = turned[:, :, : self.heads], turned[:, :, self.heads :]
            keys, values = columns.update(key.transpose(1, 2), value.transpose(1, 2))
            query = query.view(batch, length, self.key_heads, group, self.size).permute(0, 2, 3, 1, 4)
            query = query.reshape(batch, self.key_heads, group * length, self.size)
            seen = scaled_dot_product_attention(query, keys, values, attn_mask=mask)
            seen = seen.view(batch, self.key_heads, group, length, self.size).permute(0, 3, 1, 2, 4)
            hidden = hidden + out(seen.reshape(batch, length, -1))
            gate, up = gate_up(rms_norm(hidden, after.shape, after, self.epsilon)).chunk(2, dim=-1)
            hidden = hidden + down(silu(gate) * up)
        return rms_norm(hidden, self.norm.shape, self.norm, self.epsilon)

    @torch.inference_mode()
    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.head(hidden).float()


def half_turned(x: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


def product(weight: torch.Tensor) -> Product:
    """x → x Wᵀ, for W [O, I]. In bf16 W is laid out once as oneDNN wants it: half the time for single tokens."""
    weight = weight.detach()
    if weight.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return lambda x: linear(x, weight)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, 1)
    run = torch.ops.mkldnn._linear_pointwise
    return lambda x: run(x, packed, None, "none", [], "")
