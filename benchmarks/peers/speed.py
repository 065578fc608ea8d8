"""Trains the same LoRA classifier with Weir and with PEFT + transformers, one after the other, and compares.

Same base weights, examples, token limit, batch size, number of steps, LoRA shape, optimizer, schedule and threads;
32-bit floats unless --arithmetic says otherwise for Weir. Examples per second are those of the optimizer steps, without loading and tokenizing; memory is the
peak resident set of the whole process.

PEFT's side is what its documentation shows: DataCollatorWithPadding, shuffled batches, scaled-dot-product attention,
AdamW with a linear schedule. The base's dropout is off on both sides: that is less work for PEFT, and the same model.
Weir's side is weir train as it is, with its own order of batches and its cache of what enters the lowest adapted layer.
"""

import argparse
import json
import math
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import weir

RESULT = weir.ROOT / "benchmarks/results/training.json"
DATA = weir.ROOT.parent / "shared/data/sst2-train.jsonl"
TARGETS = {"query,value": ["query", "value"], "attention": ["query", "key", "value", "attention.output.dense"]}
TARGETS["all-linear"] = TARGETS["attention"] + ["intermediate.dense", "output.dense"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA if DATA.exists() else None, required=not DATA.exists())
    parser.add_argument("--base", default="bge-small-en-v1.5", help="a built-in base model")
    parser.add_argument("--steps", type=int, default=60, help="optimizer steps of one epoch")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16)
    parser.add_argument("--targets", choices=TARGETS, default="query,value")
    parser.add_argument("--layers", type=int, default=0, help="uppermost layers that are adapted; 0 for all")
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--arithmetic", choices=("fp32", "bf16", "auto"), default="fp32", help="of Weir's side")
    parser.add_argument("--runs", type=int, default=1, help="pairs of runs; the median counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--weir-options", default="", help="further options of weir train, in one string")
    parser.add_argument("--peft-only", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def sample(options):
    """A fixed choice of rows for all runs: as many of each label as there are, shuffled."""
    rows = [json.loads(line) for line in options.data.read_text().splitlines() if line.strip()]
    random.Random(options.seed).shuffle(rows)
    wanted = options.steps * options.batch_size
    if len(rows) < wanted:
        raise SystemExit(f"{options.data} has {len(rows)} rows, {options.steps} steps need {wanted}; lower --steps")
    return [{"text": row["text"], "label": str(row["label"])} for row in rows[:wanted]]


def peft_run(options, base):
    """One training in this process."""
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model
    from torch.utils.data import DataLoader
    from transformers import DataCollatorWithPadding, PreTrainedTokenizerFast, get_linear_schedule_with_warmup

    import bases

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rows = [json.loads(line) for line in options.data.read_text().splitlines()]
    labels = sorted({row["label"] for row in rows})
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(base / "tokenizer.json"), pad_token="[PAD]", model_max_length=options.max_tokens
    )
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=options.max_tokens, padding=False)
    examples = [
        {"input_ids": ids, "attention_mask": mask, "labels": labels.index(row["label"])}
        for ids, mask, row in zip(encoded["input_ids"], encoded["attention_mask"], rows)
    ]
    model = bases.load(base, labels=len(labels))
    model.config.hidden_dropout_prob = 0.0
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0
    layers = model.config.num_hidden_layers
    first = max(0, layers - options.layers) if options.layers else 0
    model = get_peft_model(
        model,
        LoraConfig(
            task_type="SEQ_CLS",
            r=options.rank,
            lora_alpha=options.alpha,
            lora_dropout=0.1,
            target_modules=TARGETS[options.targets],
            layers_to_transform=list(range(first, layers)) if first else None,
        ),
    )
    loader = DataLoader(
        examples, batch_size=options.batch_size, shuffle=True, collate_fn=DataCollatorWithPadding(tokenizer)
    )
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=options.learning_rate, weight_decay=0.01)
    steps = options.epochs * len(loader)
    schedule = get_linear_schedule_with_warmup(optimizer, math.ceil(0.06 * steps), steps)
    model.train()
    loss = None
    began = time.perf_counter()
    for _ in range(options.epochs):
        for batch in loader:
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - began
    trainable, total = model.get_nb_trainable_parameters()
    return {
        "examplesPerSecond": options.epochs * len(examples) / seconds,
        "peakRssMiB": peak_mebibytes(),
        "seconds": seconds,
        "steps": steps,
        "finalLoss": float(loss),
        "trainableParameters": trainable,
        "attention": model.config._attn_implementation,
    }


def peak_mebibytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise SystemExit("/proc/self/status has no VmHWM; measure on Linux")


def peft_child(options, base, data):
    command = [sys.executable, __file__, "--peft-only", base, "--data", data]
    for name in ("steps", "epochs", "batch_size", "max_tokens", "rank", "alpha", "targets", "layers", "learning_rate"):
        command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    command += ["--threads", str(options.threads), "--seed", str(options.seed)]
    # OpenMP reads the environment before torch.set_num_threads is called.
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def weir_child(options, data, evaluation, out):
    figures, _ = weir.train(
        *("--base", options.base, "--data", data, "--eval", evaluation, "--out", out),
        *("--threads", options.threads, "--epochs", options.epochs, "--batch-size", options.batch_size),
        *("--max-tokens", options.max_tokens, "--rank", options.rank, "--alpha", options.alpha),
        *("--targets", options.targets, "--layers", options.layers, "--learning-rate", options.learning_rate),
        # All examples are for learning: the steps are the same on both sides.
        *("--validation-share", 0, "--seed", options.seed, "--arithmetic", options.arithmetic),
        *options.weir_options.split(),
    )
    return figures


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "peft", "tokenizers")}


def main():
    options = arguments()
    if options.peft_only:
        print(json.dumps(peft_run(options, options.peft_only)))
        return
    runs = {"weir": [], "peft": []}
    rows = sample(options)
    with tempfile.TemporaryDirectory(prefix="weir-speed-") as temporary:
        work = Path(temporary)
        data = weir.write_jsonl(work / "train.jsonl", rows)
        evaluation = weir.write_jsonl(work / "eval.jsonl", rows[:32])
        base = work / "base"
        weir.export_base(options.base, base)
        for i in range(options.runs):
            # Each side goes first in every other pair: a machine that warms up or slows down favours neither.
            for side in ("weir", "peft") if i % 2 == 0 else ("peft", "weir"):
                figures = (
                    weir_child(options, data, evaluation, work / "adapter")
                    if side == "weir"
                    else peft_child(options, base, data)
                )
                runs[side].append(figures)
                print(
                    f"{side}: {figures['examplesPerSecond']:.1f} examples/s, {figures['peakRssMiB']} MiB",
                    file=sys.stderr,
                    flush=True,
                )
    report(options, runs)


def report(options, runs):
    middle = {
        side: {name: median(run[name] for run in figures) for name in ("examplesPerSecond", "peakRssMiB")}
        for side, figures in runs.items()
    }
    trainable = {side: figures[0]["trainableParameters"] for side, figures in runs.items()}
    speed = middle["weir"]["examplesPerSecond"] / middle["peft"]["examplesPerSecond"]
    memory = middle["weir"]["peakRssMiB"] / middle["peft"]["peakRssMiB"]
    print(f"{'':<28}{'Weir':>12}{'PEFT':>12}{'ratio':>9}")
    print(
        f"{'examples per second':<28}{middle['weir']['examplesPerSecond']:>12.1f}"
        f"{middle['peft']['examplesPerSecond']:>12.1f}{speed:>9.2f}"
    )
    print(
        f"{'peak resident set, MiB':<28}{middle['weir']['peakRssMiB']:>12.0f}"
        f"{middle['peft']['peakRssMiB']:>12.0f}{memory:>9.2f}"
    )
    print(f"{'trainable parameters':<28}{trainable['weir']:>12,}{trainable['peft']:>12,}")
    shown = ("base", "steps", "epochs", "batch_size", "max_tokens", "rank", "alpha", "targets", "layers", "threads")
    settings = {name: getattr(options, name) for name in (*shown, "arithmetic", "learning_rate", "runs", "seed", "weir_options")}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "settings": {**settings, "data": options.data.name},
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "versions": versions(),
        "ratio": {"examplesPerSecond": speed, "peakRssMiB": memory},
        "median": middle,
        "runs": runs,
    }
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    if trainable["weir"] != trainable["peft"]:
        raise SystemExit("the two sides trained different numbers of parameters; the comparison is void")


if __name__ == "__main__":
    main()
