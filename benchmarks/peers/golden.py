"""Writes the golden vectors of the Java tests: tiny bases, adapters that PEFT trained, and what the references answer.

The bases' weights are 16-bit floats to keep them small; both sides read the same numbers. Run it only to add a case:
another version of torch may train other adapters, and then all files change together.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

import adapters
import bases
import weir
from prove import BUILT_IN, LIMIT, TEXTS

RESOURCES = weir.ROOT / "common/model/src/test/resources/dev/weir/testing/golden"
RANK = 2

# All variants once per way of naming modules; the pooled kinds differ from bert in their head only.
CASES = {
    "distilbert": adapters.VARIANTS,
    "roberta": adapters.VARIANTS,
    "bert": ("query-value", "dora"),
    "bert-cls": adapters.VARIANTS,
    "bert-mean": ("query-value",),
}

TOKENIZER_TEXTS = [
    *TEXTS,
    "The soup was delicious; the waiter wasn't -- 5/5 stars, \u20ac12.50!",
    "na\u00efve fa\u00e7ade \u00c5ngstr\u00f6m \ufb01ligree \u2126",
    "a [SEP] b [MASK] c",
    "\u3053\u3093\u306b\u3061\u306f \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\u00a0\u2003 \u200b\u00adsoft\ttab\nline",
    "x" * 150,
]


def base(kind, work):
    """The base of a kind; the resources hold one per architecture, without 1_Pooling."""
    family = kind.split("-")[0]
    directory = bases.make(kind, work / kind, tiny=True, half=True)
    target = RESOURCES / family
    target.mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(directory / file, target / file)
    return directory


def rounded(matrix):
    return [[round(float(x), 6) for x in row] for row in matrix]


def line(model):
    trainable, total = model.get_nb_trainable_parameters()
    return f"trainable params: {trainable:,d} || all params: {total:,d} || trainable%: {100 * trainable / total:.4f}"


def write(file, value):
    file.write_text(json.dumps(value, indent=None, separators=(",", ":")) + "\n")


def case(kind, variants, work):
    directory = base(kind, work)
    rows = bases.tokens(directory, TEXTS, LIMIT)
    expected = {"maxTokens": LIMIT, "tokens": rows, "parameters": None, "logits": {}}
    for variant in variants:
        model = adapters.train(adapters.fresh(directory, kind, variant, RANK), directory, steps=5)
        if variant == "query-value":
            expected["parameters"] = line(model)
        target = adapters.save(model, RESOURCES / kind / variant)
        settings = json.loads((target / "adapter_config.json").read_text())
        # The path of this machine's temporary directory.
        settings["base_model_name_or_path"] = kind
        (target / "adapter_config.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
        expected["logits"][variant] = rounded(
            bases.logits(adapters.reload(directory, target), rows, model.config.pad_token_id)
        )
    write(RESOURCES / f"{kind}.json", expected)


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    shutil.rmtree(RESOURCES, ignore_errors=True)
    RESOURCES.mkdir(parents=True)
    write(RESOURCES / "texts.json", TEXTS)
    with tempfile.TemporaryDirectory(prefix="weir-golden-") as temporary:
        work = Path(temporary)
        for kind, variants in CASES.items():
            case(kind, variants, work)
        tokens = {}
        for name in BUILT_IN:
            weir.export_base(name, work / name)
            tokens[name] = bases.tokens(work / name, TOKENIZER_TEXTS, LIMIT)
            shutil.rmtree(work / name)
        write(RESOURCES / "built-in.json", {"texts": TOKENIZER_TEXTS, "maxTokens": LIMIT, "tokens": tokens})
    size = sum(file.stat().st_size for file in RESOURCES.rglob("*") if file.is_file())
    print(f"{size / 1000:.0f} kB in {RESOURCES.relative_to(weir.ROOT)}")


if __name__ == "__main__":
    main()
