import assert from "node:assert/strict";
import { encodeTagged, foundText, promptTokens, retrieverExample, TAG_TOKENS } from "../../lib/cot_retriever/mod.ts";
import { missingTags } from "../../lib/cot_retriever/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { goodSample, PAGES, QUESTION, resultOf, tokenizer } from "./fixtures.ts";

Deno.test("retrieverExample() learns what was written and the end, and neither prompt nor anything found", () => {
  const sample = goodSample();
  const { ids, lossMask } = retrieverExample(sample, tokenizer);
  const learned = ids.filter((_, at) => lossMask[at]);
  const written = sample.parts.map((part) => "written" in part ? part.written : "").join("");
  assert.equal(tokenizer.decode(learned), `${written}<|im_end|>`);
  const read = ids.filter((_, at) => !lossMask[at]);
  const found = sample.parts.map((part) => "found" in part ? foundText(part.found) : "").join("");
  assert.equal(tokenizer.decode(read), tokenizer.decode(promptTokens(tokenizer, QUESTION.question)) + found);
  // The tag that ends a query is learned, and that which begins what was found is not.
  for (const [tag, isLearned] of [["</query>", true], ["<query_res>", false], ["</query_res>", false]] as const) {
    const places = ids.flatMap((id, at) => id === tokenizer.tokenToId(tag) ? [lossMask[at]] : []);
    assert.deepEqual(places, [isLearned, isLearned], tag);
  }
});

Deno.test("retrieverExample() gives a loss the same targets whatever was found, and none in what was found", () => {
  const sample = goodSample();
  const other = goodSample();
  // The same lengths in tokens, so that every position stays: other digits.
  const found = PAGES.slice(0, 4).map((page) => resultOf({ ...page, date: "2021-07-08" }));
  other.parts[1] = { found };
  const [one, two] = [sample, other].map((each) => retrieverExample(each, tokenizer));
  assert.notDeepEqual(one.ids, two.ids);
  const targetsOf = (example: typeof one) => collate([example], 0).wanted;
  assert.deepEqual(targetsOf(one).targets, targetsOf(two).targets);
  const longer = goodSample();
  longer.parts[1] = { found: [...found, resultOf({ ...PAGES[0], url: "z.org/1", content: "Something longer." })] };
  assert.deepEqual(targetsOf(retrieverExample(longer, tokenizer)).targets, targetsOf(one).targets);
  const { rows } = targetsOf(one);
  const foundPlaces = one.lossMask.flatMap((isLearned, at) => isLearned ? [] : [at]);
  assert.ok(foundPlaces.every((at) => !rows.includes(at - 1)));
});

Deno.test("encodeTagged() makes each tag one token, other special tokens text, and the same tokens of pieces", () => {
  const text = "<think>\nI need it.<|im_end|>\n<query>a b</query>\n<query_res>\n[]\n</query_res>\n";
  const ids = encodeTagged(tokenizer, text);
  assert.equal(tokenizer.decode(ids), text);
  for (const tag of ["<think>", "<query>", "</query>", "<query_res>", "</query_res>"]) {
    assert.equal(ids.filter((id) => id === tokenizer.tokenToId(tag)).length, 1, tag);
  }
  assert.ok(!ids.includes(tokenizer.tokenToId("<|im_end|>")!));
  const at = text.indexOf("\n<query_res>");
  assert.deepEqual([...encodeTagged(tokenizer, text.slice(0, at)), ...encodeTagged(tokenizer, text.slice(at))], ids);
});

Deno.test("missingTags() names the tags that a tokenizer has no token for", () => {
  assert.deepEqual(missingTags(tokenizer), []);
  assert.deepEqual(missingTags({ tokenToId: (token) => token === "<think>" ? 7 : undefined }), TAG_TOKENS.slice(1));
});
