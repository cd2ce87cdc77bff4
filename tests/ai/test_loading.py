"""The default model out of its wheel, and what is said where there is none."""

from pathlib import Path

import pytest
import torch

from ai.model.loading import NoModel, default_model, load
from ai.model.naming import adapter_name


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(NoModel, match="MODEL_BASE=/nowhere"):
        load("/nowhere")


@pytest.mark.model
def test_the_default_model_is_saved_once_and_loads_the_same_again() -> None:
    folder = default_model()
    before = (folder / "model.safetensors").stat().st_mtime_ns

    first, second = load(dtype=torch.float32), load(str(folder), dtype=torch.float32)

    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    ids = first.tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        one, other = first.model(ids).logits, second.model(ids).logits
    assert torch.equal(one, other)
    assert first.tokenizer.decode(int(one[0, -1].argmax())).strip() == "Paris"


@pytest.mark.model
def test_a_folder_that_is_no_adapter_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match="MODEL_ADAPTER"):
        load(adapter=str(tmp_path))


def test_an_adapter_is_called_what_its_training_named_it(tmp_path: Path) -> None:
    named, plain, broken = (tmp_path / name for name in ("named", "plain", "broken"))
    for folder in (named, plain, broken):
        folder.mkdir()
    (named / "run.json").write_text('{"name": "tennis-20261121-1200"}')
    (broken / "run.json").write_text("[]")

    assert adapter_name(str(named)) == "tennis-20261121-1200"
    assert adapter_name(str(plain)) == "plain"
    assert adapter_name(str(broken)) == "broken"
    assert adapter_name("") == ""
