# /// script
# requires-python = ">=3.11"
# dependencies = ["transformers==5.23.0", "tokenizers==0.23.3"]
# ///
"""Makes added/added.json: what transformers makes of added/ (a small tokenizer that Kiln trained) with tokens added to it, and of
texts with these tokens in all places. Run it in this folder: `uv run make_added.py`.
"""

import json
import tempfile
from pathlib import Path

from tokenizers import AddedToken
from transformers import AutoTokenizer
from texts import TEXTS

FOLDER = Path(__file__).parent / "added"
TOKENS = [
    {"content": "<query>", "special": False},
    {"content": "</query>", "special": False},
    {"content": "<query_res>", "special": False},
    {"content": "<|mask|>", "special": True},
    {"content": "the", "special": False},
    {"content": "<left>", "special": False, "lstrip": True},
    {"content": "<right>", "special": False, "rstrip": True},
    {"content": "<é鍵>", "special": False},
    {"content": "<query> ", "special": False},
    {"content": "<|im_end|>", "special": True},
]
PLACES = [
    "a<query>b</query>c",
    "<query>",
    " <query> the cat </query>\n\n<query_res>",
    "<query><query></query><query_res>",
    "<query the</query",
    "e\u0301<query>e\u0301",
    "the them bathe THE",
    "x<|mask|>y <|im_end|>\n<|mask|>",
    "a  <left> b <left>c",
    "a <right>  b<right>\n c",
    "<e\u0301鍵> <é鍵>",
    "  <query>  ",
]

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
for token in TOKENS:
    fields = {"lstrip": False, "rstrip": False, **token}
    tokenizer.add_tokens([AddedToken(normalized=False, **fields)], special_tokens=token["special"])
with tempfile.TemporaryDirectory() as folder:
    tokenizer.save_pretrained(folder)
    added = json.loads((Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
texts = PLACES + [f"{text}<query>{text}" for text in TEXTS]
rows = []
for text in texts:
    ids = tokenizer(text).input_ids
    options = {"clean_up_tokenization_spaces": False}
    rows.append([text, ids, tokenizer.decode(ids, **options), tokenizer.decode(ids, skip_special_tokens=True, **options)])
golden = {"tokens": TOKENS, "size": len(tokenizer), "added": added, "rows": rows}
(FOLDER / "added.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
