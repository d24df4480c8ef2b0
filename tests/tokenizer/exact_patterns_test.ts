import assert from "node:assert/strict";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { goldenJson } from "../support/golden.ts";

interface Golden {
  texts: string[];
  model: unknown;
  decoder: unknown;
  cuts: Record<string, { pre_tokenizer: unknown; ids: number[][] }>;
}

Deno.test("encode() cuts as Hugging Face's tokenizers do where ByteLevel or Digits bring the pattern: all white space, all digits", async () => {
  const { texts, model, decoder, cuts } = await goldenJson<Golden>("tokenizer/patterns.json");
  assert.deepEqual(Object.keys(cuts), ["gpt2", "smollm", "digits together"]);
  for (const [name, { pre_tokenizer, ids }] of Object.entries(cuts)) {
    const json = new TextEncoder().encode(JSON.stringify({ model, decoder, pre_tokenizer }));
    const tokenizer = new Tokenizer(name, new Map([["tokenizer.json", json]]));
    for (const [i, text] of texts.entries()) {
      assert.deepEqual(tokenizer.encode(text), ids[i], `${name}: ${JSON.stringify(text)}`);
      assert.deepEqual(tokenizer.encode(text, { allowSpecial: false }), ids[i]);
      assert.equal(tokenizer.decode(ids[i]), text);
    }
  }
});
