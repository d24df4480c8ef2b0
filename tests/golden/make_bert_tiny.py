"""Makes bert_tiny/: a tiny random BertModel and what transformers and PyTorch compute with it.

Run alone: `python make_bert_tiny.py`. Nothing in BertModel goes through float32 when the weights are float64 and the attention is
"sdpa"; `check_float64` proves it. The contrastive loss is PyTorch's cross-entropy of cosines over a temperature.
"""

import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from torch.nn import functional
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from family_golden import save_model
from float64 import check_float64
from golden_files import FOLDER, norm, save_arrays, save_json

CONFIG = BertConfig(
    vocab_size=64,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    max_position_embeddings=24,
    type_vocab_size=2,
    pad_token_id=0,
)
MODEL = FOLDER / "bert_tiny" / "model"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the cat sat on mat dog log fever cough rest water is a of what where who for . , ?".split()
PIECES = [*"abcdefghilmnoprst", *(f"##{letter}" for letter in "adeginorst"), "##ing", "##er", "##s2"]
VOCABULARY = list(dict.fromkeys(SPECIAL + WORDS + PIECES))
QUERIES = ["Where is the cat?", "Fever, coughing: who rests", "Café"]
# The first three are the queries' own; the others are hard negatives.
PASSAGES = [
    "The cat sat on the mat, the dog on the log.",
    "Water and rest for a fever.",
    "a",
    "the dog sat",
    "what is a cough 鍵 ?",
]
TEMPERATURE = 0.05


def save_tiny_model() -> None:
    """Weights large enough that every layer matters, drawn as float32."""
    model = BertModel(CONFIG)
    generator = torch.Generator().manual_seed(29)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
            if name.endswith("LayerNorm.weight"):
                weight.copy_(1 + 0.2 * drawn)
            else:
                weight.copy_((0.2 if name.endswith("bias") else 0.4) * drawn)
    save_model(MODEL, model)


def save_tokenizer() -> None:
    """Word pieces as BERT's, with few words: letters that it lacks make a word unknown."""
    tokenizer = Tokenizer(WordPiece({token: id for id, token in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{kind}_token": f"[{kind.upper()}]" for kind in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=24, **names).save_pretrained(MODEL)
    for file in MODEL.iterdir():
        file.chmod(0o644)


class Texts:
    """Token ids padded to one length, with their mask."""

    def __init__(self, texts: list[str]):
        rows = TOKENIZER(texts)["input_ids"]
        self.rows = rows
        self.tokens = max(len(row) for row in rows)
        self.ids = torch.tensor([row + [0] * (self.tokens - len(row)) for row in rows])
        self.mask = torch.tensor([[1] * len(row) + [0] * (self.tokens - len(row)) for row in rows])

    def last_hidden_state(self, model) -> torch.Tensor:
        return model(input_ids=self.ids, attention_mask=self.mask).last_hidden_state

    def pooled(self, model) -> torch.Tensor:
        mask = self.mask[..., None].double()
        return (self.last_hidden_state(model) * mask).sum(1) / mask.sum(1)

    def embeddings(self, model) -> torch.Tensor:
        return functional.normalize(self.pooled(model), dim=-1)


def losses(queries: torch.Tensor, passages: torch.Tensor, symmetric: bool) -> torch.Tensor:
    """InfoNCE of each query; passage i is query i's own."""
    logits = queries @ passages.T / TEMPERATURE
    own = torch.arange(len(queries))
    forward = functional.cross_entropy(logits, own, reduction="none")
    if not symmetric:
        return forward
    return (forward + functional.cross_entropy(logits.T[: len(queries)], own, reduction="none")) / 2


def write_model_numbers() -> None:
    model = BertModel.from_pretrained(MODEL, attn_implementation="sdpa", dtype=torch.float64).eval()
    queries, passages = Texts(QUERIES), Texts(PASSAGES)
    arrays, fields = {}, {"model": "bert_tiny/model", "temperature": TEMPERATURE}
    fields |= {"queries": QUERIES, "queryIds": queries.rows, "passages": PASSAGES, "passageIds": passages.rows}
    with torch.no_grad():
        for row, text in enumerate(PASSAGES):  # padding changes nothing
            alone = Texts([text]).last_hidden_state(model)[0]
            assert torch.allclose(alone, passages.last_hidden_state(model)[row, : len(alone)], rtol=0, atol=1e-12)
        arrays["lastHiddenState"] = passages.last_hidden_state(model) * passages.mask[..., None]
        arrays["pooled"] = passages.pooled(model)
        arrays["embeddings"] = passages.embeddings(model)
    save_arrays("bert_tiny/outputs.safetensors", arrays)

    for name, symmetric in (("plain", False), ("symmetric", True)):
        def each():
            return losses(queries.embeddings(model), passages.embeddings(model), symmetric)

        trained = {key: weight for key, weight in model.named_parameters() if not key.startswith("pooler.")}
        gap = check_float64(lambda: each().mean(), list(trained.values()))
        print(f"{name}: central difference agrees with the gradient to {gap:.1e}")
        model.zero_grad()
        each().mean().backward()
        gradients = {key: weight.grad for key, weight in trained.items()}
        save_arrays(f"bert_tiny/{name}.gradients.safetensors", gradients)
        fields[name] = {"losses": each().tolist(), "gradientNorm": norm(*gradients.values())}
    save_json("bert_tiny/bert_tiny.json", fields)


def write_kernel_numbers() -> None:
    """LayerNorm, GELU and InfoNCE alone, with the gradients of sum(y * seed)."""
    generator = torch.Generator().manual_seed(31)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).float().double().requires_grad_()

    arrays = {}
    x, weight, bias, seed = draw(6, 10), draw(10), draw(10), draw(6, 10).detach()
    y = functional.layer_norm(3 * x + 1, (10,), weight, bias, eps=1e-5)
    y.backward(seed)
    arrays |= {"layerNorm.x": 3 * x + 1, "layerNorm.weight": weight, "layerNorm.bias": bias, "layerNorm.seed": seed}
    arrays |= {"layerNorm.y": y, "layerNorm.dx": x.grad / 3, "layerNorm.dWeight": weight.grad, "layerNorm.dBias": bias.grad}

    x = torch.cat([torch.linspace(-9, 9, 61), torch.tensor([0.0, 1e-6, -1e-6])]).float().double().requires_grad_()
    y = functional.gelu(x)
    y.sum().backward()
    arrays |= {"gelu.x": x, "gelu.y": y, "gelu.dx": x.grad}

    queries, passages = draw(4, 6), draw(7, 6)
    arrays |= {"infoNce.queries": queries, "infoNce.passages": passages}
    for name, symmetric in (("plain", False), ("symmetric", True)):
        queries.grad = passages.grad = None
        each = losses(queries, passages, symmetric)
        each.mean().backward()
        arrays |= {f"infoNce.{name}.losses": each, f"infoNce.{name}.dQueries": queries.grad.clone()}
        arrays |= {f"infoNce.{name}.dPassages": passages.grad.clone()}
    save_arrays("bert_tiny/kernels.safetensors", arrays)


if __name__ == "__main__":
    save_tiny_model()
    save_tokenizer()
    TOKENIZER = PreTrainedTokenizerFast.from_pretrained(MODEL)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    write_model_numbers()
    write_kernel_numbers()
