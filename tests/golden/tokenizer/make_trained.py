# /// script
# requires-python = ">=3.11"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""Makes corpus.txt from made-up words, and trained.json: the merges that Hugging Face's trainer finds in it, and what the trained
tokenizer makes of some texts. Run it in this folder: `uv run make_trained.py`.
"""

import json
import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from texts import TEXTS

PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

random.seed(7)
syllables = ["ka", "mi", "to", "ren", "sha", "aa", "aaa", "ß", "é", "鍵", "界", "ы", "ing", "er", "st", "x"]
words = ["".join(random.choices(syllables, k=random.randint(1, 5))) for _ in range(1500)]
weights = [1 / (rank + 1) for rank in range(len(words))]
lines = []
for _ in range(1200):
    line = []
    for word in random.choices(words, weights, k=random.randint(3, 12)):
        line.append(random.choice([word, word, word.capitalize(), f"{word}'s", f"({word})", str(random.randint(0, 99999)), "!" * random.randint(1, 9)]))
    lines.append(random.choice([" ", " ", "  ", "\t"]).join(line) + random.choice(["", ".", " 👍", "\u0085", " \ufeff"]))
Path("corpus.txt").write_text("\n".join(lines), encoding="utf-8")

tokenizer = Tokenizer(models.BPE())
tokenizer.normalizer = normalizers.NFC()
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(PATTERN), "isolated"),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
])
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=1500,
    min_frequency=2,
    special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(lines, trainer)
model = json.loads(tokenizer.to_str())["model"]
golden = {
    "vocabSize": tokenizer.get_vocab_size(),
    "merges": [" ".join(merge) for merge in model["merges"]],
    "encoded": [[text, tokenizer.encode(text).ids] for text in TEXTS + ["<|im_start|>user\nmi<|im_end|>"] + lines[:20]],
}
Path("trained.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
