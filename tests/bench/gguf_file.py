"""A trained Llama as a GGUF file, for llama.cpp: the metadata of the default model's own file, with other weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, quants
from numpy.typing import NDArray

from ai.model.loading import packaged_gguf

MATRICES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip
NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}


def write_gguf(model: Any, path: Path, quantization: str) -> None:
    """`quantization`: a name of ggml's, such as Q8_0 or Q4_0; norms stay in fp32, as in llama.cpp's own converter."""
    kind = GGMLQuantizationType[quantization]
    reader = GGUFReader(packaged_gguf())
    writer = GGUFWriter(str(path), "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value = file_type(quantization) if field.name == "general.file_type" else field.contents()
        inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, value, field.types[0], sub_type=inner)
    for name, weight in tensors(model):
        if weight.ndim == 1:
            writer.add_tensor(name, weight.astype(np.float32))
        else:
            writer.add_tensor(name, quants.quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors(model: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    config, body = model.config, model.model
    yield "token_embd.weight", array(body.embed_tokens.weight)
    yield "output_norm.weight", array(body.norm.weight)
    for number, layer in enumerate(body.layers):
        for inside, outside in MATRICES.items():
            weight = array(layer.get_submodule(inside).weight)
            if outside in ("attn_q", "attn_k"):
                heads = config.num_attention_heads if outside == "attn_q" else config.num_key_value_heads
                weight = interleaved(weight, heads)
            yield f"blk.{number}.{outside}.weight", weight
        for inside, outside in NORMS.items():
            yield f"blk.{number}.{outside}.weight", array(layer.get_submodule(inside).weight)


def interleaved(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """llama.cpp turns neighbouring pairs of a head, transformers its two halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def file_type(quantization: str) -> int:
    return int(LlamaFileType[f"MOSTLY_{quantization}"])


def array(tensor: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().float().numpy())
