import assert from "node:assert/strict";
import { Random } from "../../lib/random/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";

Deno.test("Tokenizer gives a word the same tokens after far more words than it remembers", async () => {
  const load = () => Tokenizer.load("data/models/kiln-tiny");
  const [used, fresh] = [await load(), await load()];
  const random = new Random("words");
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const words = Array.from(
    { length: 120_000 },
    () => Array.from({ length: random.integer(2, 9) }, () => letters[random.integer(0, 25)]).join(""),
  );
  for (const word of words) used.encode(word);
  for (const word of [...words.slice(0, 500), ...words.slice(-500)]) {
    assert.deepEqual(used.encode(word), fresh.encode(word));
  }
});
