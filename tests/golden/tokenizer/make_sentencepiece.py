# /// script
# requires-python = ">=3.11"
# dependencies = ["sentencepiece==0.2.3", "protobuf==7.36.2", "transformers==4.57.3", "tokenizers==0.22.2"]
# ///
"""Trains SentencePiece byte pairs on corpus.txt, as Llama 2's are (byte fallback, a space before the text), and lets transformers
write them as a tokenizer.json. pieces.json has SentencePiece's own scores and what it makes of some texts.
Run it in this folder: `uv run make_sentencepiece.py`.
"""

import json
import tempfile
from pathlib import Path

import sentencepiece
from transformers import LlamaTokenizer, LlamaTokenizerFast
from texts import TEXTS

folder = Path("sentencepiece")
work = Path(tempfile.mkdtemp())
sentencepiece.SentencePieceTrainer.train(
    input="corpus.txt",
    model_prefix=str(work / "tokenizer"),
    model_type="bpe",
    vocab_size=900,
    byte_fallback=True,
    character_coverage=0.99,
    normalization_rule_name="identity",
    remove_extra_whitespaces=False,
    split_digits=True,
    allow_whitespace_only_pieces=True,
    num_threads=1,
    minloglevel=2,
)
slow = LlamaTokenizer(str(work / "tokenizer.model"), legacy=True)
slow.save_pretrained(work)
fast = LlamaTokenizerFast.from_pretrained(work, from_slow=True, legacy=True)
fast.chat_template = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
fast.save_pretrained(folder)
for path in folder.iterdir():
    if path.suffix == ".model":
        path.unlink()
model = sentencepiece.SentencePieceProcessor(str(work / "tokenizer.model"))
texts = [text for text in TEXTS if "\0" not in text]
pieces = {
    "pieces": [model.id_to_piece(i) for i in range(model.get_piece_size())],
    "scores": [model.get_score(i) for i in range(model.get_piece_size())],
    "texts": texts,
    "ids": [model.encode(text) for text in texts],
}
(folder / "pieces.json").write_text(json.dumps(pieces, ensure_ascii=False), encoding="utf-8")
for text, ids in zip(texts, pieces["ids"]):
    assert fast.encode(text, add_special_tokens=False) == ids, text
