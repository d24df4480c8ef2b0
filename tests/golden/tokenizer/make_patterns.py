# /// script
# requires-python = ">=3.11"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""Makes patterns.json: one vocabulary whose merges join whatever stands side by side, and what Hugging Face's tokenizers make of
some texts with it when they cut them as GPT-2 does, or as SmolLM does. Run it in this folder: `uv run make_patterns.py`.
"""

import json
import random
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from texts import TEXTS

random.seed(3)
characters = list("abc XYZ 0123456789 \n\t.,!?'()") + list("é 你 १२३٣²½Ⅷ①𝟙 \u00a0\u2003\u2028\u0085\ufeff\u3000\r\x0b\x0c '")
texts = ["".join(random.choices(characters, k=random.randint(2, 24))) for _ in range(400)]

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(r"[\s\S]{1,8}"), "isolated"),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
])
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=700,
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(texts, trainer)
samples = texts[:200] + TEXTS
words = pre_tokenizers.ByteLevel(add_prefix_space=False)
cuts = {
    "gpt2": words,
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words]),
    "digits together": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), words]),
}
result = {"texts": samples, "cuts": {}}
for name, cut in cuts.items():
    tokenizer.pre_tokenizer = cut
    made = json.loads(tokenizer.to_str())
    result["model"] = made["model"]
    result["decoder"] = made["decoder"]
    result["cuts"][name] = {
        "pre_tokenizer": made["pre_tokenizer"],
        "ids": [tokenizer.encode(text).ids for text in samples],
    }
Path("patterns.json").write_text(json.dumps(result, ensure_ascii=True), encoding="utf-8")
