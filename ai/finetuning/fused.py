"""A linear layer with its adapter as one step of autograd: the adapter's share is added where the output lies already.

peft computes it as five: two products, a scaling, a sum, and as many backward, each over the whole output.
"""

from functools import partial
from typing import Any

import torch
from peft.tuners.lora.layer import Linear as LoraLinear

ADAPTER = "default"


class LinearWithAdapter(torch.autograd.Function):
    """y = x W' + b + s (x A') B' for x [..., I], W [O, I], A [R, I], B [O, R]. The base is frozen: W and b get no gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scaling: float,
    ) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1]).to(weight.dtype)
        down, up = a.to(weight.dtype), b.to(weight.dtype)
        low = (rows @ down.t()).mul_(scaling)
        out = torch.nn.functional.linear(rows, weight, bias)
        out.addmm_(low, up.t())
        ctx.save_for_backward(rows, weight, down, up, low)
        ctx.scaling, ctx.dtypes, ctx.shape = scaling, (x.dtype, a.dtype, b.dtype), x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, weight, down, up, low = ctx.saved_tensors
        of_x, of_a, of_b = ctx.dtypes
        rows_grad = grad.reshape(-1, grad.shape[-1]).to(weight.dtype)
        low_grad = (rows_grad @ up).mul_(ctx.scaling)
        x_grad = None
        if ctx.needs_input_grad[0]:
            x_grad = (rows_grad @ weight).addmm_(low_grad, down).view(ctx.shape).to(of_x)
        return x_grad, None, None, (low_grad.t() @ rows).to(of_a), (rows_grad.t() @ low).to(of_b), None


def fuse(model: torch.nn.Module) -> int:
    """Have every plain linear layer of `model` that carries one adapter run so; how many there are."""
    layers = [module for module in model.modules() if isinstance(module, LoraLinear) and is_plain(module)]
    for layer in layers:
        layer.forward = partial(forward, layer)
    return len(layers)


def is_plain(layer: LoraLinear) -> bool:
    return (
        type(layer.base_layer) is torch.nn.Linear
        and list(layer.lora_A) == [ADAPTER]
        and isinstance(layer.lora_dropout[ADAPTER], torch.nn.Identity)
        and not layer.lora_variant
        and layer.lora_B[ADAPTER].bias is None
    )


def forward(layer: LoraLinear, x: torch.Tensor) -> torch.Tensor:
    base: torch.nn.Linear = layer.base_layer
    a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    found: torch.Tensor = LinearWithAdapter.apply(x, base.weight, base.bias, a, b, layer.scaling[ADAPTER])
    return found
