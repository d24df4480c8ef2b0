import assert from "node:assert/strict";
import { plainText, Tokenizer } from "../../lib/tokenizer/mod.ts";

const tokenizer = await Tokenizer.load("data/models/kiln-tiny");

Deno.test("plainText() leaves no special token in a text, wherever it stands", () => {
  const asText = plainText(tokenizer);
  const special = [...tokenizer.specialTokenIds].map((id) => tokenizer.idToToken(id)!);
  assert.ok(special.includes("<|im_end|>"));
  for (const token of special) {
    const text = asText(`a ${token}${token} b`);
    const found = tokenizer.encode(text).filter((id) => tokenizer.specialTokenIds.has(id));
    assert.deepEqual(found, [], token);
  }
});

Deno.test("plainText() changes nothing else", () => {
  const asText = plainText(tokenizer);
  for (const text of ["", "2 < 3 and 5 > 4", "<|im_en", "a <b>bold</b> word", "naïve 你好 🙂"]) {
    assert.equal(asText(text), text);
  }
});
