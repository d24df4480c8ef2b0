import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionText } from "../../../lib/models/generate/stop_text.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

const tokenizer = tinyTokenizer();

function run(ids: readonly number[], stopStrings: readonly string[], skipSpecialTokens = true) {
  const text = new CompletionText(tokenizer, { stopStrings, skipSpecialTokens });
  const deltas: string[] = [];
  for (const id of ids) {
    deltas.push(text.push(id));
    if (text.stopped) break;
  }
  deltas.push(text.finish());
  return { text, deltas };
}

Deno.test("CompletionText ends before the first stop string, wherever tokens are cut", () => {
  const words = fc.array(fc.constantFrom("the ", "cat", "sat", " on", "\n", "aab", "ab", "é", "🙂"), { maxLength: 12 });
  const stops = fc.array(fc.constantFrom("at", "aab", "ab", "\n\n", "tsat", "n\n", "🙂the", "zzz"), { maxLength: 3 });
  const property = fc.property(words, stops, (pieces, stopStrings) => {
    const whole = pieces.join("");
    const { text, deltas } = run(tokenizer.encode(whole), stopStrings);
    const found = stopStrings.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
    assert.equal(text.text, found.length === 0 ? whole : whole.slice(0, Math.min(...found)));
    assert.equal(text.stopped, found.length > 0);
    assert.equal(deltas.join(""), text.text);
  });
  fc.assert(property, { numRuns: 300 });
});

Deno.test("CompletionText gives out at once what no stop string can begin with", () => {
  const [the, cat] = [tokenizer.encode("the"), tokenizer.encode(" cat")];
  const { deltas } = run([...the, ...cat], ["t dog"]);
  // Only the last letter may still become "t dog".
  assert.equal(deltas.slice(0, -1).join(""), "the ca");
  assert.equal(deltas.at(-1), "t");
});

Deno.test("CompletionText leaves special tokens out unless told", () => {
  const ids = tokenizer.encode("the<|im_end|>cat");
  assert.equal(run(ids, []).text.text, "thecat");
  assert.equal(run(ids, [], false).text.text, "the<|im_end|>cat");
  assert.equal(run(ids, ["<|im_end|>"], false).text.text, "the");
});

Deno.test("CompletionText takes a token that the tokenizer does not know as no text", () => {
  const ids = tokenizer.encode("the cat");
  assert.equal(run([ids[0], tokenizer.vocabSize + 5, ...ids.slice(1)], []).text.text, "the cat");
});
