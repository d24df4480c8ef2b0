"""The tiny random Qwen2 models that most golden numbers are about, and what every script does with tiny models.

96 words, hidden size 32, 3 layers, 4 query heads of 8 over 2 key-value heads, MLP of 48. Word 0 is padding, word 1
ends a text, 2..95 are ordinary. Weights are drawn in float32, large enough that attention is far from uniform and
small enough that float32 keeps five digits in every gradient. No bias is 0 and no norm weight is 1, so that a forgotten
one shows. The models of other families are drawn, batched and scored in the same way.
"""

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from golden_files import FOLDER

PAD, EOS, VOCAB = 0, 1, 96
IGNORED = -100  # the label of a token that is not trained on
TIED = FOLDER / "qwen2_tiny" / "tied"
UNTIED = FOLDER / "qwen2_tiny" / "untied"


def draw_model(seed: int, tied: bool, rope_theta: float) -> Qwen2ForCausalLM:
    """A float32 model with weights drawn from `seed`, in the order of `named_parameters()`."""
    config = Qwen2Config(
        vocab_size=VOCAB,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": rope_theta},
        tie_word_embeddings=tied,
        bos_token_id=None,
        # no pad_token_id: it would make torch drop the gradient of that row of the embedding
        eos_token_id=EOS,
        dtype="float32",
    )
    return draw_weights(Qwen2ForCausalLM(config), seed)


def draw_weights(model, seed: int):
    """Gives a model of any family weights drawn from `seed`, and returns it."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            normal = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
            if name.endswith("norm.weight"):
                weight.copy_(1 + 0.25 * normal)
            elif name.endswith("bias"):
                weight.copy_(0.3 * normal)
            elif "embed_tokens" in name or "lm_head" in name:
                weight.copy_(0.3 * normal)
            else:
                scale = 0.9 if "q_proj" in name or "k_proj" in name else 1.3
                weight.copy_(scale * normal / weight.shape[1] ** 0.5)
    return model


def load_float64(folder):
    """The model of a folder in float64, with the attention that keeps float64."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    return model.double().eval()


def word_tokenizer() -> PreTrainedTokenizerFast:
    """Word i is written "w<i>"; the trainers insist on a tokenizer, and with this one text and ids are the same."""
    words = {"<pad>": PAD, "<eos>": EOS, **{f"w{i}": i for i in range(2, VOCAB)}}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<pad>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def draw_ids(count: int, generator: torch.Generator) -> list[int]:
    """`count` ordinary words."""
    return torch.randint(2, VOCAB, (count,), generator=generator).tolist()


def pad_right(rows: list[list[int]], filler: int) -> torch.Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def check_margin(scores: torch.Tensor, smallest: float = 0.01) -> float:
    """Raises when in any row the best word beats the second by less than `smallest`: float32 could choose another."""
    best, second = scores.detach().topk(2, dim=-1).values.unbind(-1)
    margin = (best - second).min().item()
    if margin < smallest:
        raise AssertionError(f"choose another seed or text: two words are only {margin} apart")
    return margin


class Batch:
    """Three texts of 12, 9 and 5 words, the last word the end word, with prompts of 5, 3 and 2 words.

    Drawn at random, then some words were replaced by what one of the two models finds most likely, so that an accuracy
    is neither 0 nor 1.
    """

    def __init__(self):
        self.rows = [
            [85, 75, 29, 78, 87, 39, 30, 19, 47, 85, 53, EOS],
            [64, 78, 39, 60, 27, 66, 10, 44, EOS],
            [2, 29, 16, 57, EOS],
        ]
        self.lengths = [len(row) for row in self.rows]
        self.prompt_lengths = [5, 3, 2]
        self.input_ids = pad_right(self.rows, PAD)
        self.attention_mask = pad_right([[1] * length for length in self.lengths], 0)
        self.labels = pad_right(
            [[IGNORED] * prompt + row[prompt:] for row, prompt in zip(self.rows, self.prompt_lengths)], IGNORED
        )

    def fields(self) -> dict:
        """The batch as JSON fields."""
        return {
            "inputIds": self.input_ids.tolist(),
            "attentionMask": self.attention_mask.tolist(),
            "labels": self.labels.tolist(),
            "lengths": self.lengths,
            "promptLengths": self.prompt_lengths,
        }


class Scores:
    """What one forward pass of a batch says about the next words: everything in float64, shifted by one."""

    def __init__(self, model, batch: Batch, smallest_margin: float = 0.01, **options):
        self.outputs = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, **options)
        self.logits = self.outputs.logits
        assert self.logits.dtype == torch.float64
        log_probs = self.logits[:, :-1].log_softmax(-1)
        self.entropy = -(log_probs.exp() * log_probs).sum(-1)
        targets = batch.input_ids[:, 1:]
        self.log_probs = log_probs.gather(-1, targets[..., None]).squeeze(-1)
        self.trained = batch.labels[:, 1:] != IGNORED
        self.loss = -self.log_probs[self.trained].mean()
        self.is_top1 = (log_probs.argmax(-1) == targets)[self.trained]
        check_margin(log_probs[self.trained], smallest_margin)
        self.mask = batch.attention_mask

    def real_logits(self) -> torch.Tensor:
        """[batch, tokens, vocab], 0 at padding."""
        return self.logits * self.mask[..., None]

    def fields(self) -> dict:
        """Loss and per-token numbers as JSON fields; row lists stop at the row's own length."""
        counts = (self.mask.sum(-1) - 1).tolist()
        return {
            "loss": self.loss.item(),
            "lossTokens": int(self.trained.sum()),
            "meanEntropy": self.entropy[self.trained].mean().item(),
            "meanTokenAccuracy": self.is_top1.double().mean().item(),
            "logProbs": [row[:count].tolist() for row, count in zip(self.log_probs, counts)],
            "entropy": [row[:count].tolist() for row, count in zip(self.entropy, counts)],
        }
