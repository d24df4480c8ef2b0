"""Makes sft_variants/: runs of TRL's SFTTrainer in float64 with each kind of data set, loss and packing.

Run alone: `python make_sft_variants.py` (after make_qwen2_tiny.py). Rows are taken in order, batch 2, accumulation 2,
clipping at 0.5. Every run records loss, gradient norm and entropy of each step, the first step's gradient before
clipping, and the weights after the last step. Data sets of text and chats go through TRL's own preparation with a
tokenizer of single letters; its chat template has generation markers here and none in the file that is written.

TRL flattens packed rows into one and lets the model tell documents apart by their positions: `check_isolated` proves
that its attention on the CPU does.
"""

import shutil
import tempfile

import torch
from datasets import Dataset
from tokenizers import AddedToken, Tokenizer, decoders
from tokenizers.models import BPE
from torch.utils.data import SequentialSampler
from transformers import PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from float64 import use_float64
from golden_files import FOLDER, save_arrays, save_json
from make_sft import KEPT_WEIGHTS, OPTIONS, trained_weights
from tiny_qwen2 import EOS, IGNORED, TIED, draw_ids, load_float64, word_tokenizer

LETTERS = "\n abcdefghijklmnopqrstuvwxyz0123456789.,?!:'-+="
MARKED_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\n' }}"
    "{% if message.role == 'assistant' %}"
    "{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message.content + '<|im_end|>' }}{% endif %}"
    "{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

QUESTIONS = [
    ("what is 2+3?", "5."),
    ("name a colour", "green is one, blue too."),
    ("who wrote emma?", "jane austen"),
    ("is it late?", "no, it's 9."),
    ("spell cat", "c-a-t!"),
    ("10-4=", "6"),
]


def letter_tokenizer() -> PreTrainedTokenizerFast:
    """Each letter is a token; 0 is padding, 1 ends a text or turn, 2 begins a turn."""
    special = ["<pad>", "<|im_end|>", "<|im_start|>"]
    vocabulary = {token: index for index, token in enumerate([*special, *LETTERS])}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<|im_end|>")
    fast.chat_template = MARKED_TEMPLATE
    return fast


def save_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    """tokenizer.json and a small configuration whose template has no markers."""
    folder = FOLDER / "sft_variants" / "tokenizer"
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.chat_template = MARKED_TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    tokenizer.save_pretrained(folder)
    tokenizer.chat_template = MARKED_TEMPLATE


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict:
    return {"role": "assistant", "content": text}


def data_sets() -> dict[str, list[dict]]:
    pairs = QUESTIONS
    turns = zip(pairs, pairs[1:] + pairs[:1])
    return {
        "text": [{"text": f"{question} {answer}"} for question, answer in pairs[:-1]]
        + [{"text": "this one ends already.<|im_end|>"}],
        "text_pairs": [{"prompt": question, "completion": " " + answer} for question, answer in pairs],
        "chat_pairs": [{"prompt": [user(question)], "completion": [assistant(answer)]} for question, answer in pairs],
        "chats": [
            {"messages": [user(first[0]), assistant(first[1]), user(then[0]), assistant(then[1])]}
            for first, then in turns
        ],
    }


def draw_rows(count: int, seed: int, longest: int) -> list[dict]:
    """Tokenized rows of words, some long: prompt, completion, end word."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(count):
        prompt = torch.randint(2, 6, (1,), generator=generator).item()
        completion = torch.randint(1, longest, (1,), generator=generator).item()
        ids = draw_ids(prompt + completion, generator) + [EOS]
        rows.append({"input_ids": ids, "completion_mask": [0] * prompt + [1] * (completion + 1)})
    return rows


def fixed_noise(shape: torch.Size, alpha: float, micro_batch: int) -> torch.Tensor:
    """Noise that needs no generator: number i is a * (((i + 31 micro_batch) * 7919 mod 2003) / 1001 - 1), in float32."""
    count = shape.numel()
    numbers = ((torch.arange(count) + 31 * micro_batch) * 7919 % 2003).double() / 1001 - 1
    size = alpha / (shape[1] * shape[2]) ** 0.5
    return (numbers * size).float().double().reshape(shape)


class VariantTrainer(SFTTrainer):
    """SFTTrainer that takes the rows in order, and keeps its batches and the gradient of the first step."""

    def __init__(self, *arguments, noise_alpha: float = 0, **options):
        self.first_gradient = None
        self.loss_tokens = {}
        self.micro_batches = 0
        super().__init__(*arguments, **options)
        if noise_alpha > 0:
            self.model.get_input_embeddings().register_forward_hook(
                lambda module, inputs, output: output + fixed_noise(output.shape, noise_alpha, self.micro_batches)
            )

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(self.train_dataset)

    def training_step(self, model, inputs, num_items_in_batch=None):
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.micro_batches += 1
        self.loss_tokens[self.state.global_step] = int(num_items_in_batch)
        if self.state.global_step == 0:  # overwritten until its last micro-batch
            self.first_gradient = {name: weight.grad.detach().clone() for name, weight in model.named_parameters()}
        return loss


def run(
    name: str, rows: list, tokenizer, steps: int = 5, noise_alpha: float = 0, warmup_steps: int = 0, **options
) -> None:
    """Trains for `steps` and writes what was measured. `options` go to SFTConfig."""
    model = load_float64(TIED)
    before = trained_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "max_length": 128,
            "packing": False,
            "lr_scheduler_type": OPTIONS["lrSchedulerType"],
            **options,
        }
        trainer = VariantTrainer(
            model=model,
            noise_alpha=noise_alpha,
            args=SFTConfig(
                output_dir=folder,
                per_device_train_batch_size=OPTIONS["perDeviceTrainBatchSize"],
                gradient_accumulation_steps=OPTIONS["gradientAccumulationSteps"],
                learning_rate=OPTIONS["learningRate"],
                adam_beta1=OPTIONS["adamBeta1"],
                adam_beta2=OPTIONS["adamBeta2"],
                adam_epsilon=OPTIONS["adamEpsilon"],
                weight_decay=OPTIONS["weightDecay"],
                max_grad_norm=OPTIONS["maxGradNorm"],
                warmup_steps=warmup_steps,
                max_steps=steps,
                bf16=False,
                gradient_checkpointing=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
                **settings,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
        prepared = [dict(row) for row in trainer.train_dataset]
        if settings["packing"]:
            check_isolated(model, trainer.data_collator, prepared[:2])
        trainer.train()
    after = trained_weights(model)
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(logs) == steps == len(trainer.loss_tokens)
    save_json(f"sft_variants/{name}.json", {
        "model": "qwen2_tiny/tied",
        "options": {
            **OPTIONS,
            "lrSchedulerType": settings["lr_scheduler_type"],
            "maxSteps": steps,
            "warmupSteps": warmup_steps,
            **{camel(key): value for key, value in settings.items() if key != "lr_scheduler_type"},
        },
        **({"noiseAlpha": noise_alpha} if noise_alpha else {}),
        "rows": rows,
        "prepared": [
            {"inputIds": row["input_ids"], "labels": row["labels"], **packed_lengths(row)} for row in prepared
        ],
        "steps": [
            {
                **{metric: log[metric] for metric in ("loss", "grad_norm", "learning_rate", "entropy", "num_tokens")},
                "lossTokens": tokens,
            }
            for log, tokens in zip(logs, trainer.loss_tokens.values())
        ],
    })
    save_arrays(f"sft_variants/{name}.arrays.safetensors", {
        **{f"gradient.{key}": trainer.first_gradient[key] for key in KEPT_WEIGHTS},
        # of the long run every weight
        **{f"change.{key}": after[key] - before[key] for key in (before if steps > 5 else KEPT_WEIGHTS)},
    })


def packed_lengths(row: dict) -> dict:
    return {"lengths": row["seq_lengths"]} if "seq_lengths" in row else {}


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


@torch.no_grad()
def check_isolated(model, collator, rows: list[dict]) -> None:
    """Raises when the logits of a packed batch are not those of its documents alone."""
    batch = collator(rows)
    together = model(**{key: value for key, value in batch.items() if key != "labels"}, use_cache=False).logits[0]
    at = 0
    for row in rows:
        start = 0
        for length in row["seq_lengths"]:
            ids = torch.tensor([row["input_ids"][start : start + length]])
            gap = (together[at : at + length] - model(ids, use_cache=False).logits[0]).abs().max().item()
            if gap > 1e-10:
                raise AssertionError(f"documents of a packed row see each other: logits differ by {gap}")
            at, start = at + length, start + length


if __name__ == "__main__":
    use_float64()
    letters, words = letter_tokenizer(), word_tokenizer()
    save_tokenizer(letters)
    sets = data_sets()
    run("text", sets["text"], letters)
    run("text_pairs", sets["text_pairs"], letters)
    run("text_pairs.whole", sets["text_pairs"], letters, completion_only_loss=False)
    run("text_pairs.cut", sets["text_pairs"], letters, max_length=14)
    run("chat_pairs", sets["chat_pairs"], letters)
    run("chats", sets["chats"], letters)
    run("chats.assistant_only", sets["chats"], letters, assistant_only_loss=True)
    short = draw_rows(20, 41, 9)
    # A last part of one token trains nothing: TRL packs it, Kiln leaves it out.
    long = [row for row in draw_rows(44, 42, 30) if len(row["input_ids"]) % 24 != 1][:40]
    assert len(long) == 40
    for strategy in ("bfd", "bfd_split"):
        packing = {"packing": True, "packing_strategy": strategy, "max_length": 24}
        run(f"packed.{strategy}", long, words, **packing, completion_only_loss=True)
    run("dft", short, words, loss_type="dft", completion_only_loss=True)
    run("smoothed", short, words, label_smoothing_factor=0.1, completion_only_loss=True)
    run("neftune", short, words, noise_alpha=5, completion_only_loss=True)
    run(
        "cosine", draw_rows(80, 43, 9), words, steps=20, warmup_steps=4, completion_only_loss=True,
        lr_scheduler_type="cosine",
    )
