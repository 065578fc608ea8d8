"""Adapters that PEFT trains: one of each kind that Weir reads."""

import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

import bases

VARIANTS = ("query-value", "all-linear", "rslora", "dora", "patterns", "layers")


def config(kind, variant, layers, rank=2):
    distil = kind == "distilbert"
    query, value = ("q_lin", "v_lin") if distil else ("query", "value")
    options = {
        "task_type": "SEQ_CLS",
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "target_modules": [query, value],
        "modules_to_save": heads(kind),
    }
    if variant == "all-linear":
        options["target_modules"] = (
            ["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"]
            if distil
            else ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
        )
    elif variant == "rslora":
        options["use_rslora"] = True
    elif variant == "dora":
        options["use_dora"] = True
    elif variant == "patterns":
        last = layers - 1
        path = f"layer.{last}.attention.{'q_lin' if distil else 'self.query'}"
        options["rank_pattern"] = {path: 2 * rank}
        options["alpha_pattern"] = {value: 3 * rank}
    elif variant == "layers":
        options["layers_to_transform"] = [layers - 1]
        options["layers_pattern"] = "layer"
    elif variant != "query-value":
        raise ValueError(variant)
    return LoraConfig(**options)


def heads(kind):
    """What is trained whole beside PEFT's own choice for classification, which knows "classifier" only."""
    return ["pre_classifier", "classifier"] if kind == "distilbert" else None


def fresh(directory, kind, variant, rank):
    """A PEFT model whose LoRA changes nothing yet."""
    model = bases.load(directory)
    torch.manual_seed(2)
    return get_peft_model(model, config(kind, variant, model.config.num_hidden_layers, rank))


def train(model, directory, steps):
    """Some steps of AdamW on the toy sentences, so that neither A nor B is zero."""
    rows = bases.tokens(directory, bases.SENTENCES, 64)
    pad = model.config.pad_token_id
    half = len(rows) // 2
    labels = torch.tensor([1] * half + [0] * half)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    model.train()
    for _ in range(steps):
        loss = model(**bases.batch(rows, pad), labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def save(model, target):
    """Saves in PEFT's layout; its model card is left out."""
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    (Path(target) / "README.md").unlink(missing_ok=True)
    return Path(target)


def reload(directory, adapter):
    """What a Python user writes to run an adapter."""
    return PeftModel.from_pretrained(bases.load(directory), adapter).eval()
