"""Checks that the ONNX decoders that Kiln writes are valid, and that Optimum reads them as the models that they are.

`deno run -A save_onnx.ts FOLDER`, then `python check_onnx.py FOLDER`, with requirements_onnx.txt. Nothing is written.
"""

import sys
from pathlib import Path

import onnx
import torch
from optimum.onnxruntime import ORTModelForCausalLM
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

GOLDEN = Path(__file__).parent
HOUSE = GOLDEN.parent.parent / "data/models/kiln-tiny"
MODELS = {
    "kiln-tiny": HOUSE,
    **{
        name: GOLDEN / name
        for name in ("qwen2_tiny/tied", "qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased")
    },
}
# What rounding weights may cost: four bits of random weights are no model any more, of trained ones they are.
TOLERANCES = {"model.onnx": 1e-5, "model_fp16.onnx": 5e-3, "model_q4.onnx": 0.5}
QUESTIONS = [
    "Tom has 5 apples and buys 7 more. How many apples does Tom have?",
    "A box holds 8 pens. How many pens do 4 boxes hold, and how many are left when 5 are given away?",
]


def padded_batch(vocabulary: int) -> dict[str, torch.Tensor]:
    """Two rows of tokens, the second padded on the left."""
    ids = torch.randint(3, vocabulary, (2, 9), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, :4] = 0
    return {"input_ids": ids, "attention_mask": mask}


def relative_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    return ((actual - expected).norm() / expected.norm()).item()


def check_decoder(folder: Path, file: str, reference: torch.nn.Module) -> None:
    path = folder / "onnx" / file
    onnx.checker.check_model(str(path), full_check=True)
    decoder = ORTModelForCausalLM.from_pretrained(folder, subfolder="onnx", file_name=file)
    # Optimum 0.1.0 makes the first, empty cache from hidden_size // heads, which Qwen3's head_dim is not.
    decoder.embed_size_per_head = getattr(reference.config, "head_dim", None) or decoder.embed_size_per_head
    batch = padded_batch(reference.config.vocab_size)
    positions = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    seen = batch["attention_mask"].bool()
    expected = reference(**batch, position_ids=positions).logits[seen]
    error = relative_error(decoder(**batch, position_ids=positions).logits[seen], expected)
    print(f"{folder.parent.name}/{folder.name}, {file}: valid; relative error of the logits {error:.1e}")
    assert error < TOLERANCES[file]


def check_answers(folder: Path, reference: torch.nn.Module) -> None:
    """Greedy answers to a padded batch of chats, token by token through the cache."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    chats = [[{"role": "user", "content": question}] for question in QUESTIONS]
    template = dict(add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt")
    encoded = tokenizer.apply_chat_template(chats, **template)
    inputs = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    greedy = dict(max_new_tokens=80, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    expected = reference.generate(**inputs, **greedy)
    decoder = ORTModelForCausalLM.from_pretrained(folder, subfolder="onnx", file_name="model.onnx")
    answers = decoder.generate(**inputs, **greedy)
    for row in answers[:, inputs["input_ids"].shape[1] :]:
        print(f"{folder.name} answers {tokenizer.decode(row)!r}")
    assert torch.equal(answers, expected), "not the answers of transformers"


def main() -> None:
    saved = Path(sys.argv[1])
    with torch.no_grad():
        for name, original in MODELS.items():
            # Transformers 4 would not find rope_theta in the golden models' own config.json, which transformers 5 wrote.
            config = AutoConfig.from_pretrained(saved / name)
            reference = AutoModelForCausalLM.from_pretrained(original, config=config, dtype=torch.float32).eval()
            for file in TOLERANCES:
                check_decoder(saved / name, file, reference)
            if original == HOUSE:
                check_answers(saved / name, reference)


if __name__ == "__main__":
    main()
