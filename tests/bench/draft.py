"""make bench-draft: the same mails through this engine, through plain `generate`, and through llama.cpp.

Each arm drafts in a process of its own, with the desk's adapter. "Cold" is a desk on its first day: nothing was signed
yet, and guesses come from the patterns it ships. "Warm" has 500 signed answers: drafts of 500 other mails, approved as
they are. Outputs are compared with those of the same decoding in fp32. QUICK=1 takes fewer mails and leaves out the
slow arms. llama.cpp needs the package llama-cpp-python; without it its arms are left out, and that is said.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
QUICK = bool(os.environ.get("QUICK"))
MAILS = 12 if QUICK else 60
SIGNED = 60 if QUICK else 500
STEPS = (0, 50, 150, 500)  # signed answers at which the curve is measured
CACHE = ROOT / "var" / "bench" / "gguf"
KEPT = ROOT / "var" / "bench" / "draft"
BUDGET = 400


def rows_to_draft() -> list[Any]:
    from ai.finetuning.examples import Report, read_rows

    rows = read_rows(ROOT / "desks" / "tennis" / "training" / "heldout.jsonl", Report())
    return [rows[i * len(rows) // MAILS] for i in range(MAILS)]


def other_mails(count: int) -> list[Any]:
    """New mail of taught families, as a desk would have answered it before."""
    import random

    from ai.finetuning.examples import row_of
    from ai.finetuning.generate import file_of, read_families, read_voices, rows_of
    from db.desk import load_desk

    desk = load_desk("tennis")
    families = [f for f in read_families(desk.folder / "training" / "families") if file_of(f["name"]) == "generated"]
    random.Random(99).shuffle(families)
    made = rows_of(families, count, desk, read_voices(desk), random.Random(99))
    return [row_of(stated, "other") for stated in made]


def decoder_in(precision: str, *, patterns: bool = True) -> Any:
    import torch

    from ai.knowledge import load_knowledge
    from ai.model.decoding import Decoder
    from ai.model.loading import load
    from ai.model.patterns import patterns_of
    from ai.model.probe import best_choice
    from db.desk import load_desk

    choice = best_choice("")
    torch.set_num_threads(choice.threads)
    dtype = choice.dtype if precision == "best" else torch.float32
    desk = load_desk("tennis")
    made = Decoder(load("", str(desk.folder / "adapter"), dtype=dtype), desk, load_knowledge(desk.folder / "knowledge"))
    for category, text in patterns_of(desk) if patterns else ():
        made.remember(category, text)
    return made


def learn(decoder: Any, texts: list[str]) -> None:
    for text in texts:
        decoder.remember(json.loads(text)["category"], text)


def drafted(decoder: Any, mails: list[Any]) -> dict[str, Any]:
    """All mails waiting at once, as after a night; and one at a time, as they come by day."""
    from ai.written import Decided, Question, Written

    first: list[float] = []
    found: dict[int, Any] = {}
    started = time.monotonic()
    for place, news in decoder.draft_many([Question(row.mail) for row in mails]):
        if isinstance(news, Decided):
            first.append(news.seconds)
        if isinstance(news, Written):
            found[place] = news
    together = time.monotonic() - started
    return {
        "per_minute": 60 * len(mails) / together,
        "first": first,
        "full": [found[i].seconds for i in found],
        "texts": [found[i].text if i in found else "" for i in range(len(mails))],
        "passes": statistics.mean(one.passes for one in found.values()),
        "tokens": statistics.mean(one.written_tokens for one in found.values()),
    }


def one_by_one(decoder: Any, mails: list[Any]) -> dict[str, Any]:
    from ai.written import Decided, Question, Written

    first, full = [], []
    started = time.monotonic()
    for row in mails:
        for _, news in decoder.draft_many([Question(row.mail)]):
            if isinstance(news, Decided):
                first.append(news.seconds)
            if isinstance(news, Written):
                full.append(news.seconds)
    return {"alone_per_minute": 60 * len(mails) / (time.monotonic() - started), "first": first, "full": full}


def ours_cold() -> dict[str, Any]:
    decoder, mails = decoder_in("best"), rows_to_draft()
    drafted(decoder, mails[:4])
    return {**drafted(decoder, mails), **one_by_one(decoder, mails)}


def ours_warm() -> dict[str, Any]:
    decoder, mails = decoder_in("best"), rows_to_draft()
    learn(decoder, [text for text in drafted(decoder, other_mails(SIGNED))["texts"] if text])
    return {**drafted(decoder, mails), **one_by_one(decoder, mails)}


def reference() -> dict[str, Any]:
    return drafted(decoder_in("fp32"), rows_to_draft())


def curve() -> dict[str, Any]:
    """A desk without any patterns: how its drafts get faster with signed answers."""
    decoder, mails = decoder_in("best", patterns=False), rows_to_draft()[:24]
    signed = drafted(decoder, other_mails(STEPS[-1]))["texts"]
    points = []
    for before, now in zip((0, *STEPS), STEPS, strict=False):
        learn(decoder, [text for text in signed[before:now] if text])
        found = drafted(decoder, mails)
        points.append({"signed": now, "passes": found["passes"], "per_minute": found["per_minute"]})
    return {"points": points}


def generate() -> dict[str, Any]:
    """transformers' own greedy `generate`, one mail after the other, in the best precision of this machine."""
    import torch

    from ai.model.loading import load
    from ai.model.probe import best_choice
    from ai.prompt import messages, token_ids
    from db.desk import load_desk

    choice = best_choice("")
    torch.set_num_threads(choice.threads)
    desk = load_desk("tennis")
    loaded = load("", str(desk.folder / "adapter"), dtype=choice.dtype)

    def write(row: Any) -> str:
        ids = torch.tensor([token_ids(messages(desk, row.mail, tokenizer=loaded.tokenizer), loaded.tokenizer)])
        with torch.inference_mode():
            out = loaded.model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=BUDGET,
                pad_token_id=loaded.tokenizer.eos_token_id,
            )  # fmt: skip
        return str(loaded.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))

    return timed(write, rows_to_draft()[: MAILS // 3])


def llama_cpp(quantization: str) -> dict[str, Any]:
    """llama-cpp-python with the merged adapter, our schema as its grammar; it keeps the shared beginning by itself."""
    import torch
    from llama_cpp import Llama, LlamaGrammar

    from ai.model.grammar import words_of
    from ai.model.loading import load
    from ai.model.probe import best_choice
    from ai.prompt import messages, token_ids
    from ai.remote import on_the_wire
    from ai.schema import schema_of_any
    from db.desk import load_desk
    from tests.bench.gguf_file import write_gguf

    desk = load_desk("tennis")
    loaded = load("", str(desk.folder / "adapter"), dtype=torch.float32)
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"{loaded.adapter}-{quantization}.gguf"
    if not path.is_file():
        write_gguf(loaded.model, path, quantization)
    tokenizer, threads = loaded.tokenizer, best_choice("").threads
    del loaded
    model = Llama(str(path), n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False, seed=0)

    def write(row: Any) -> str:
        schema = on_the_wire(schema_of_any(desk))  # its grammar refuses limits of length, as other servers do
        schema["properties"]["username"] = {"enum": ["", *words_of(row.mail.words)]}
        grammar = LlamaGrammar.from_json_schema(json.dumps(schema), verbose=False)
        ids = token_ids(messages(desk, row.mail, tokenizer=tokenizer), tokenizer)
        said = model.create_completion(ids, max_tokens=BUDGET, temperature=0.0, grammar=grammar)
        return str(said["choices"][0]["text"])

    return timed(write, rows_to_draft())


def valid(decoder: Any, mails: list[Any]) -> dict[str, Any]:
    """Share of mails whose output is a draft of the desk, its user name words of the mail."""
    from ai.parsing import UnusableOutput, parse_draft
    from ai.written import Question, Written

    fine = 0
    for place, news in decoder.draft_many([Question(mail) for mail in mails]):
        if isinstance(news, Written):
            try:
                said = json.loads(news.text)["username"]
                fine += parse_draft(news.text, decoder.desk, mails[place]).username == said
            except (UnusableOutput, ValueError):
                print(f"not valid: {mails[place]!r} gave {news.text!r}", file=sys.stderr)
    return {"valid": fine / len(mails), "mails": len(mails)}


def hostile_random() -> dict[str, Any]:
    from tiny import loaded

    from ai.knowledge import Knowledge
    from ai.model.decoding import Decoder
    from db.desk import load_desk
    from tests.bench.hostile import hostile_mails

    return valid(Decoder(loaded(), load_desk("tennis"), Knowledge([])), hostile_mails(200 if QUICK else 10_000))


def hostile_real() -> dict[str, Any]:
    from tests.bench.hostile import hostile_mails

    return valid(decoder_in("best"), hostile_mails(20 if QUICK else 500, seed=1))


def timed(write: Callable[[Any], str], mails: list[Any]) -> dict[str, Any]:
    write(mails[0])
    seconds, texts = [], []
    for row in mails:
        started = time.monotonic()
        texts.append(write(row))
        seconds.append(time.monotonic() - started)
    return {"per_minute": 60 * len(mails) / sum(seconds), "full": seconds, "texts": texts}


ARMS: dict[str, Callable[[], dict[str, Any]]] = {
    "ours_cold": ours_cold,
    "llama_q8": lambda: llama_cpp("Q8_0"),
    "generate": generate,
    "ours_warm": ours_warm,
    "reference": reference,
    "llama_q4": lambda: llama_cpp("Q4_0"),
    "hostile_real": hostile_real,
    "hostile_random": hostile_random,
    "curve": curve,
}
SLOW = ("reference", "llama_q4", "generate", "curve")


def main() -> None:
    if len(sys.argv) > 1:
        found = ARMS[sys.argv[1]]()
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    from tests.bench.pages import pages_while_drafting
    from tests.bench.table import report

    runs = dict(arms())
    figures = list(told(runs))
    pages = pages_while_drafting()
    figures += pages
    for point in runs.get("curve", {}).get("points", []):
        print(
            f"{point['signed']:5} signed answers: {point['passes']:5.1f} passes a draft, {point['per_minute']:5.0f} a minute"
        )
    report("bench-draft", figures)


def arms() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ARMS:
        if QUICK and name in SLOW:
            continue
        done = subprocess.run([sys.executable, __file__, name], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name} did not run: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
            continue
        found = done.stdout.strip().splitlines()[-1]
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{name}.json").write_text(found + "\n", encoding="utf-8")  # for a run that is stopped half way
        print(f"{name} is done", flush=True)
        yield name, json.loads(found)


def told(runs: dict[str, dict[str, Any]]) -> Iterator[Any]:
    from tests.bench.table import Figure

    cold, warm = runs["ours_cold"], runs["ours_warm"]
    for name, ours in (("cold", cold), ("warm", warm)):
        yield Figure(f"this engine, {name} desk", ours["per_minute"], "tickets/min")
        yield Figure(f"  one mail at a time, {name}", ours["alone_per_minute"], "tickets/min")
    for name, said in (("llama_q8", "llama.cpp Q8_0"), ("llama_q4", "llama.cpp Q4_0"), ("generate", "generate")):
        if name in runs:
            other = runs[name]["per_minute"]
            goals = {"llama_q8": (2.0, 1.0), "generate": (6.0, None)}.get(name, (None, None))
            yield Figure(f"warm desk against {said}", other, "tickets/min", said, warm["per_minute"] / other, goals[0])
            yield Figure(f"cold desk against {said}", other, "tickets/min", said, cold["per_minute"] / other, goals[1])
    first = quantiles(warm["first"])
    yield Figure("time to category, p50", 1000 * first[0], "ms", "500 ms", 0.5 / first[0], 1.0)
    yield Figure("time to category, p95", 1000 * first[1], "ms")
    for name, one in runs.items():
        if "valid" in one:
            said = f"valid drafts of {one['mails']} hostile mails, {name.removeprefix('hostile_')} model"
            yield Figure(said, 100 * one["valid"], "%", "all", one["valid"], 1.0)
            continue
        if one.get("full"):
            p50, p95 = quantiles(one["full"])
            yield Figure(f"time to full draft, {name}, p50", 1000 * p50, "ms")
            yield Figure(f"time to full draft, {name}, p95", 1000 * p95, "ms")
        yield Figure(f"peak memory, {name}", one["peak_mib"], "MiB")
        if "reference" in runs and name != "reference" and "texts" in one:
            same = [read(a) == read(b) for a, b in zip(one["texts"], runs["reference"]["texts"], strict=False)]
            yield Figure(f"equal to the fp32 reference, {name}", 100 * statistics.mean(same), "%")


def read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def quantiles(values: list[float]) -> tuple[float, float]:
    ranked = sorted(values)
    return ranked[len(ranked) // 2], ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]


if __name__ == "__main__":
    main()
