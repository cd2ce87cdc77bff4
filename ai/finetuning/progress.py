"""What a person sees of a training: a bar, a curve, and a stop that loses nothing."""

import json
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import matplotlib.figure
from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState

from ai.finetuning.records import SECONDS


class Bar(TrainerCallback):
    """Steps done, time left, loss and tokens a second; every logged line stays above it."""

    def __init__(self, tokens: Any) -> None:
        self.tokens = tokens  # how many tokens the trainer has read so far, as a function
        self.bar: Any = None

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.bar = tqdm(total=state.max_steps, initial=state.global_step, dynamic_ncols=True, unit="step")
        self.started, self.before = time.monotonic(), self.tokens()

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.bar.update(state.global_step - self.bar.n)

    def on_log(self, args: Any, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any) -> None:
        if self.bar is None or not logs:
            return
        speed = (self.tokens() - self.before) / max(1e-9, time.monotonic() - self.started)
        if "loss" in logs:
            self.bar.set_postfix_str(f"loss {float(logs['loss']):.3f}, {speed:.0f} tokens/s")
        figures = ", ".join(f"{name} {value:.4g}" for name, value in logs.items() if isinstance(value, float))
        self.bar.write(f"step {state.global_step}: {figures}")

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.bar.close()


class Told(TrainerCallback):
    """The same in a file, for a page that shows it: step, steps, loss, tokens a second, seconds left."""

    def __init__(self, path: Path, tokens: Any) -> None:
        self.path, self.tokens, self.loss = path, tokens, 0.0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.started, self.before, self.first = time.monotonic(), self.tokens(), state.global_step

    def on_log(self, args: Any, state: TrainerState, control: TrainerControl, logs: Any = None, **_: Any) -> None:
        self.loss = float((logs or {}).get("loss", self.loss))

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        lasted, done = time.monotonic() - self.started, state.global_step - self.first
        told = {
            "step": state.global_step,
            "steps": state.max_steps,
            "loss": round(self.loss, 4),
            "tokens_per_second": round((self.tokens() - self.before) / max(1e-9, lasted)),
            "seconds_left": round(lasted / max(1, done) * (state.max_steps - state.global_step)),
        }
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(told), encoding="utf-8")
        unfinished.replace(self.path)


class Stopwatch(TrainerCallback):
    """Seconds of a training, with those of the runs that it goes on from; every checkpoint remembers them."""

    def __init__(self, before: float) -> None:
        self.before, self.started = before, time.monotonic()

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.started

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.started = time.monotonic()

    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        (folder / SECONDS).write_text(f"{self.seconds:.1f}\n", encoding="utf-8")


class StopOnInterrupt(TrainerCallback):
    """Ctrl-C ends the step that runs, saves a checkpoint and stops; a second one stops at once."""

    def __init__(self) -> None:
        self.stopped = False

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.before = signal.signal(signal.SIGINT, self.stop)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        signal.signal(signal.SIGINT, self.before)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.stopped:
            control.should_save = control.should_training_stop = True

    def on_train_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        signal.signal(signal.SIGINT, self.before)


def draw_curve(history: list[dict[str, Any]], path: Path) -> None:
    """Loss over steps, of taught and of kept-back rows, as a picture."""
    figure = matplotlib.figure.Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for key, label, style in (("loss", "taught rows", "-"), ("eval_loss", "kept-back rows", "o-")):
        points = [(line["step"], float(line[key])) for line in history if key in line]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, linewidth=1.2, markersize=4)
    axes.set(xlabel="step", ylabel="weighted loss, nats a token", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)
