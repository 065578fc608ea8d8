"""The Python peer of make bench-serving: FastAPI and uvicorn around transformers and PEFT, one text per request.

What their documentation shows, in the shape that suits this stream best: PEFT's adapter merged into the base, one worker
process per core with one torch thread each, inference mode, no padding since nothing is batched. int8 is torch's dynamic
quantisation of the linear layers.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SETTINGS = "WEIR_BENCH_PEER"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="directory that dev.weir.benchmarks.ExportBase wrote")
    parser.add_argument("--adapter", type=Path, required=True, help="PEFT adapter directory")
    parser.add_argument("--precision", choices=("fp32", "int8"), default="fp32")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def create():
    """The application of one worker process; its settings come through the environment."""
    import torch
    from fastapi import FastAPI
    from peft import PeftModel
    from pydantic import BaseModel
    from transformers import PreTrainedTokenizerFast

    import bases

    settings = json.loads(os.environ[SETTINGS])
    torch.set_num_threads(1)
    model = PeftModel.from_pretrained(bases.load(settings["base"]), settings["adapter"]).merge_and_unload().eval()
    if settings["precision"] == "int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(Path(settings["base"]) / "tokenizer.json"),
        pad_token="[PAD]",
        model_max_length=settings["max_tokens"],
    )
    labels = json.loads((Path(settings["adapter"]) / "weir_adapter.json").read_text())["labels"]
    app = FastAPI()

    class Request(BaseModel):
        text: str

    # async: the model has the worker to itself, where FastAPI's 40 threads would fight for its one core.
    @app.post("/classify")
    async def classify(request: Request):
        inputs = tokenizer(request.text, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            probabilities = model(**inputs).logits.softmax(-1)[0].tolist()
        best = max(range(len(labels)), key=probabilities.__getitem__)
        return {"label": labels[best], "scores": dict(zip(labels, probabilities))}

    @app.get("/health")
    async def health():
        return {"status": "up"}

    return app


def main():
    import uvicorn

    options = arguments()
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    os.environ[SETTINGS] = json.dumps(settings)
    uvicorn.run(
        "serve:create",
        factory=True,
        app_dir=str(Path(__file__).parent),
        host="127.0.0.1",
        port=options.port,
        workers=options.workers,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
