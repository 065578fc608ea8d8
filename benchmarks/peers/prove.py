"""Proves that Weir, transformers, PEFT and ONNX Runtime compute the same. Exits with 1 when any check fails.

  forward    the reference's logits on a base with a fresh adapter; tokens; for built-in bases also their source file
  weir>peft  an adapter that weir train wrote, loaded with PeftModel.from_pretrained
  peft>weir  adapters that PEFT trained, loaded by Weir, one of each kind
  onnx       onnx.checker on the exports, and Python's ONNX Runtime on them
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy
import onnx
import onnxruntime
import torch
import transformers
from transformers import AutoModel

import adapters
import bases
import weir

BUILT_IN = ("bge-small-en-v1.5", "all-minilm-l6-v2")
LIMIT = 48
TOLERANCE = 1e-4
# Weir batches the merged file's rows like this; 8-bit activations are scaled per batch, so the same rows must meet.
MERGED_BATCH = 16

TEXTS = [
    *bases.SENTENCES[:4],
    "",
    "LOVED it!!! \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "cafe\u0301 \u0301 caf\u00e9 \u4e2d\u6587",
    "\u05e9\u05dc\u05d5\u05dd \u200f\u0645\u0631\u062d\u0628\u0627",
    "a\x00b \x01 \ufffd",
    "great film , bad plot . " * 20,
]

# What weir train is asked for, by the name of the adapter.
TRAININGS = {
    "query-value": ["--targets", "query,value"],
    "all-linear": ["--targets", "all-linear"],
    "upper-layer": ["--targets", "query,value", "--layers", "1"],
    "rslora": ["--targets", "query,value", "--rslora", "true"],
    "dora": ["--targets", "query,value", "--dora", "true"],
}


class Table:
    """The results, printed as they come."""

    def __init__(self):
        self.failed = 0

    def head(self):
        print(f"{'model':<24} {'check':<44} {'max difference':>14}  result", flush=True)

    def row(self, model, check, difference, tolerance=TOLERANCE):
        passed = difference <= tolerance
        self._print(model, check, f"{difference:.1e}", passed)

    def verdict(self, model, check, problem):
        self._print(model, check, "", problem is None)
        if problem is not None:
            print(f"    {problem}", flush=True)

    def _print(self, model, check, figure, passed):
        self.failed += not passed
        print(f"{model:<24} {check:<44} {figure:>14}  {'pass' if passed else 'FAIL'}", flush=True)


def difference(ours, theirs):
    return float(numpy.abs(numpy.asarray(ours, dtype=numpy.float64) - numpy.asarray(theirs, dtype=numpy.float64)).max())


class Proof:
    """All checks of one base."""

    def __init__(self, table, name, directory, weir_base, kind, rank, work):
        self.table = table
        self.name = name
        self.directory = directory
        self.weir_base = weir_base
        self.kind = kind
        self.rank = rank
        self.work = work
        self.rows = bases.tokens(directory, TEXTS, LIMIT)
        self.pad = bases.load(directory).config.pad_token_id
        self.texts = weir.write_jsonl(work / "texts.jsonl", [{"text": text} for text in TEXTS])

    def run(self):
        self.forward()
        self.from_peft()
        self.from_weir()

    def weir_logits(self, adapter):
        return weir.logits(self.weir_base, self.texts, LIMIT, self.work / "out", [adapter])[adapter]

    def attempt(self, check, body):
        try:
            body()
        except weir.WeirError as e:
            self.table.verdict(self.name, check, str(e))

    def forward(self):
        model = adapters.fresh(self.directory, self.kind, "query-value", self.rank)
        reference = bases.logits(model, self.rows, self.pad)
        adapter = adapters.save(model, self.work / "fresh")
        del model

        def compare():
            answers = self.weir_logits(adapter)
            same = answers["tokens"] == self.rows
            self.table.verdict(self.name, "tokens", None if same else self.first_difference(answers["tokens"]))
            self.compare("forward", answers, reference)

        self.attempt("forward", compare)
        self.clean(adapter)

    def compare(self, check, answers, reference):
        for way in ("trainer", "serving", "merged"):
            self.table.row(self.name, f"{check}: {way}", difference(answers[way], reference))

    def exports(self, output, answers):
        for file, way in (("model.onnx", "merged"), ("model.int8.onnx", "int8")):
            path = output / file
            try:
                onnx.checker.check_model(str(path), full_check=True)
                problem = None
            except onnx.checker.ValidationError as e:
                problem = str(e)
            self.table.verdict(self.name, f"onnx.checker: {file}", problem)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            logits = []
            for start in range(0, len(self.rows), MERGED_BATCH):
                fed = bases.batch(self.rows[start : start + MERGED_BATCH], self.pad)
                logits.extend(session.run(["logits"], {k: v.numpy() for k, v in fed.items()})[0])
            self.table.row(self.name, f"onnxruntime: {file}", difference(answers[way], logits))

    def from_peft(self):
        for variant in adapters.VARIANTS:
            model = adapters.fresh(self.directory, self.kind, variant, self.rank)
            model = adapters.train(model, self.directory, steps=5)
            reference = bases.logits(model, self.rows, self.pad)
            adapter = adapters.save(model, self.work / f"peft-{variant}")
            del model
            self.attempt(
                f"peft>weir {variant}",
                lambda: self.compare(f"peft>weir {variant}", self.weir_logits(adapter), reference),
            )
            self.clean(adapter)

    def from_weir(self):
        data = weir.write_jsonl(
            self.work / "toys.jsonl",
            [
                {"text": text, "label": "positive" if i < len(bases.SENTENCES) // 2 else "negative"}
                for i, text in enumerate(bases.SENTENCES)
            ],
        )
        for name, options in TRAININGS.items():
            self.attempt(f"weir>peft {name}", lambda: self.trained_by_weir(name, options, data))

    def trained_by_weir(self, name, options, data):
        adapter = self.work / f"weir-{name}"
        common = ["--base", self.weir_base, "--data", data, "--eval", data, "--out", adapter, "--threads", "1"]
        common += ["--epochs", "3", "--batch-size", "4", "--max-tokens", str(LIMIT)]
        common += ["--rank", str(self.rank), "--alpha", str(2 * self.rank)]
        common += [] if "--layers" in options else ["--layers", "0"]
        weir.train(*common, *options)
        answers = self.weir_logits(adapter)
        reference = bases.logits(adapters.reload(self.directory, adapter), self.rows, self.pad)
        self.compare(f"weir>peft {name}", answers, reference)
        if name == "query-value":
            self.exports(self.work / "out" / adapter.name, answers)
        self.clean(adapter)

    def clean(self, adapter):
        """A merged model is as large as its base."""
        shutil.rmtree(adapter, ignore_errors=True)
        shutil.rmtree(self.work / "out" / adapter.name, ignore_errors=True)

    def first_difference(self, theirs):
        for text, ours, other in zip(TEXTS, self.rows, theirs):
            if ours != other:
                return f"{text[:40]!r}: {ours[:20]} by the reference, {other[:20]} by Weir"
        return "another number of rows"


def note_other_runtime():
    """8-bit answers are comparable under one version of the runtime only."""
    ours = re.search(r"<onnxruntime.version>(.*?)<", (weir.ROOT / "pom.xml").read_text()).group(1)
    if onnxruntime.__version__ != ours:
        print(f"onnxruntime is {onnxruntime.__version__} here and {ours} in the build: expect model.int8.onnx to differ")


def source(table, name, directory):
    """The exported weights under transformers against the file that they were exported from under ONNX Runtime."""
    rows = bases.tokens(directory, TEXTS, LIMIT)
    fed = bases.batch(rows, 0)
    session = onnxruntime.InferenceSession(str(directory / "source.onnx"), providers=["CPUExecutionProvider"])
    inputs = {"token_type_ids": torch.zeros_like(fed["input_ids"]), **fed}
    original = session.run(None, {k: v.numpy() for k, v in inputs.items()})[0]
    model = AutoModel.from_pretrained(directory, add_pooling_layer=False, dtype=torch.float32).eval()
    with torch.inference_mode():
        hidden = model(**fed).last_hidden_state.numpy()
    mask = fed["attention_mask"].numpy()[..., None]
    table.row(name, "forward: transformers and the source file", difference(hidden * mask, original * mask))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the tiny models only")
    parser.add_argument("--only", help="models whose name starts with this")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    note_other_runtime()
    table = Table()
    table.head()
    with tempfile.TemporaryDirectory(prefix="weir-peers-") as temporary:
        root = Path(temporary)

        def wanted(name):
            return arguments.only is None or name.startswith(arguments.only)

        def work(name):
            directory = root / "work" / name
            (directory / "out").mkdir(parents=True)
            return directory

        for tiny in (True,) if arguments.quick else (True, False):
            for kind in bases.KINDS:
                name = f"{kind} ({'tiny' if tiny else 'full size'})"
                # The pooled kinds at full size are the built-in ones.
                if wanted(name) and (tiny or "-" not in kind):
                    directory = bases.make(kind, root / f"{kind}-{tiny}", tiny)
                    Proof(table, name, directory, directory, kind, 2 if tiny else 8, work(name)).run()
                    shutil.rmtree(directory)
        for name in () if arguments.quick else BUILT_IN:
            if wanted(name):
                directory = root / name
                weir.export_base(name, directory)
                source(table, name, directory)
                Proof(table, name, directory, name, "bert", 8, work(name)).run()
                shutil.rmtree(directory)
    print(f"{table.failed} failed" if table.failed else "all passed")
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
