"""Reference models: random-weight bases as Hugging Face directories, and how they are loaded.

Everything comes from a fixed seed. A directory with 1_Pooling/config.json has a linear head on the pooled vector
(PooledBertForSequenceClassification); any other has its architecture's own classification head.
"""

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertPreTrainedModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)
from transformers.modeling_outputs import SequenceClassifierOutput

KINDS = ("distilbert", "bert", "roberta", "bert-cls", "bert-mean")
LABELS = 2

SENTENCES = [
    "the food was good and the staff was very kind",
    "a fine film with a great actor",
    "i loved it , and so did they",
    "works well , looks good , fast and quiet",
    "great plot , great music , great fun",
    "we will come again , it was a joy",
    "the best review i can give is five stars",
    "a warm and clever story",
    "the food was cold and the staff was rude",
    "a boring film with a bad plot",
    "i hated it , and so did they",
    "broken after a week , slow and loud",
    "awful plot , awful music , no fun",
    "we will not come again , it was a waste",
    "the worst review i can give is one star",
    "a dull and silly story",
]


class PooledBertForSequenceClassification(BertPreTrainedModel):
    """BERT whose text vector is that of [CLS], or the mean of the tokens', with one linear layer on it.

    This is the model of Weir's adapters on sentence encoders; PeftModel.from_pretrained loads them onto it.
    """

    def __init__(self, config):
        super().__init__(config)
        self.num_labels = config.num_labels
        self.bert = BertModel(config, add_pooling_layer=False)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None, **kwargs):
        hidden = self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        if self.config.text_pooling == "mean":
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
        else:
            pooled = hidden[:, 0]
        logits = self.classifier(pooled)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def pooling(directory):
    """cls, mean, or None where the architecture's own head is used."""
    file = Path(directory) / "1_Pooling" / "config.json"
    if not file.exists():
        return None
    return "mean" if json.loads(file.read_text()).get("pooling_mode_mean_tokens") else "cls"


def load(directory, labels=LABELS):
    """The reference model of a directory, in evaluation mode, its missing head from a fixed seed."""
    torch.manual_seed(1)
    how = pooling(directory)
    if how is None:
        return AutoModelForSequenceClassification.from_pretrained(
            directory, num_labels=labels, dtype=torch.float32
        ).eval()
    config = AutoConfig.from_pretrained(directory, num_labels=labels)
    config.text_pooling = how
    return PooledBertForSequenceClassification.from_pretrained(directory, config=config, dtype=torch.float32).eval()


def make(kind, directory, tiny=True, seed=1, half=False):
    """Writes a random-weight base; tiny: 2 layers of 32, else the published models' shape.

    half stores the weights as 16-bit floats: the same numbers in half the bytes for the test resources.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    family = kind.split("-")[0]
    tokenizer = byte_level(tiny) if family == "roberta" else word_piece(tiny)
    tokenizer.save(str(directory / "tokenizer.json"))
    model = _model(family, tokenizer.get_vocab_size(), tiny)
    _randomise(model, seed)
    if half:
        model.half()
    model.save_pretrained(directory)
    if "-" in kind:
        how = kind.split("-")[1]
        (directory / "1_Pooling").mkdir(exist_ok=True)
        (directory / "1_Pooling" / "config.json").write_text(
            json.dumps({"pooling_mode_cls_token": how == "cls", "pooling_mode_mean_tokens": how == "mean"})
        )
    return directory


def _model(family, vocabulary, tiny):
    size = 32 if tiny else 768
    inner = 48 if tiny else 3072
    heads = 4 if tiny else 12
    positions = 64 if tiny else 512
    common = {"vocab_size": vocabulary, "num_labels": LABELS}
    if family == "distilbert":
        return DistilBertForSequenceClassification(
            DistilBertConfig(
                dim=size,
                hidden_dim=inner,
                n_layers=2 if tiny else 6,
                n_heads=heads,
                max_position_embeddings=positions,
                **common,
            )
        )
    shape = {
        "hidden_size": size,
        "intermediate_size": inner,
        "num_hidden_layers": 2 if tiny else 12,
        "num_attention_heads": heads,
        **common,
    }
    if family == "bert":
        return BertForSequenceClassification(BertConfig(max_position_embeddings=positions, **shape))
    return RobertaForSequenceClassification(
        RobertaConfig(
            max_position_embeddings=positions + 2,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            bos_token_id=0,
            pad_token_id=1,
            eos_token_id=2,
            **shape,
        )
    )


def _randomise(model, seed):
    """Weights of unit gain and biases that matter: the libraries' own initialisation would hide errors."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.lower().endswith("layernorm.weight") or name.endswith("layer_norm.weight"):
                parameter.copy_(1 + 0.1 * noise)
            elif parameter.dim() == 1 or "embedding" in name and "word" not in name:
                parameter.copy_(0.1 * noise)
            elif "embedding" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise / parameter.shape[1] ** 0.5)


def word_piece(tiny):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(ord("!"), ord("~") + 1) if not chr(c).isupper()]
    tokens += letters + ["##" + c for c in letters if c.isalpha()]
    tokens += sorted({word for sentence in SENTENCES for word in sentence.split() if len(word) > 1})
    tokens += ["##ing", "##ed", "##ly", "##s", "\u00e9", "\u0301", "\u4e2d", "\u05e9"]
    if not tiny:
        tokens += [f"[unused{i}]" for i in range(30522 - len(tokens))]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


def byte_level(tiny):
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator(SENTENCES, trainer)
    state = json.loads(trained.to_str())["model"]
    vocabulary = dict(state["vocab"])
    filler = 0 if tiny else 50264 - len(vocabulary)
    for i in range(filler):
        vocabulary[f"madeupword{i:05d}"] = len(vocabulary)
    merges = [tuple(pair) for pair in state["merges"]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special + [AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]), add_prefix_space=False
    )
    return tokenizer


def tokens(directory, texts, limit):
    """Token ids by the reference tokenizer; of longer texts the head (the larger half) and the tail, as Weir cuts."""
    tokenizer = Tokenizer.from_file(str(Path(directory) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        pieces = ids[1:-1]
        if len(pieces) > limit - 2:
            head = (limit - 1) // 2
            tail = limit - 2 - head
            pieces = pieces[:head] + pieces[len(pieces) - tail :]
        rows.append([ids[0], *pieces, ids[-1]])
    return rows


def batch(rows, pad):
    width = max(len(row) for row in rows)
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": mask}


def logits(model, rows, pad):
    """[texts][labels] of a reference model, all texts in one batch."""
    with torch.inference_mode():
        return model.eval()(**batch(rows, pad)).logits.float().numpy()
