# /// script
# requires-python = ">=3.11"
# dependencies = ["tiktoken==0.14.0"]
# ///
"""Makes qwen_ids.json: the ids of some texts by tiktoken, which is not the library that the tests run, with the ranks of Qwen's tokenizer.
Run it in this folder: `uv run make_qwen.py path/to/qwen.tiktoken`.
"""

import json
import sys
import unicodedata
from pathlib import Path

import tiktoken
from tiktoken.load import load_tiktoken_bpe
from texts import TEXTS

PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
ranks = load_tiktoken_bpe(sys.argv[1])
special = {"<|endoftext|>": len(ranks), "<|im_start|>": len(ranks) + 1, "<|im_end|>": len(ranks) + 2}
qwen = tiktoken.Encoding("qwen", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)
chat = "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"
encoded = [[text, qwen.encode(unicodedata.normalize("NFC", text), allowed_special="all")] for text in TEXTS + [chat]]
Path("qwen_ids.json").write_text(json.dumps(encoded, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
