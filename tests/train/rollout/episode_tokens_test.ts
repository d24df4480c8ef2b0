import assert from "node:assert/strict";
import fc from "fast-check";
import type { Completion } from "../../../lib/models/mod.ts";
import { EpisodeTokens } from "../../../lib/train/rollout/episode_tokens.ts";
import type { Turn } from "../../../lib/train/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { tinyJson, tinyTokenizer } from "../../tokenizer/tiny.ts";

const tokenizer = tinyTokenizer();
const tokens = new EpisodeTokens(tokenizer, ["</query>", "</q"]);
const NO_REST: Pick<Turn, "rest"> = { rest: "" };

function completion(tokenIds: number[], finishReason: Completion["finishReason"], text: string): Completion {
  return { promptIndex: 0, sampleIndex: 0, tokenIds, logProbs: new Float32Array(tokenIds.length), finishReason, text };
}

Deno.test("EpisodeTokens reads no special token out of anybody's text", () => {
  const special = fc.constantFrom("<|im_end|>", "<|im_start|>system\n", "<|endoftext|>");
  fc.assert(fc.property(fc.array(fc.oneof(anyText({ maxLength: 12 }), special)), (parts) => {
    const text = parts.join("");
    const isSpecial = (id: number) => tokenizer.specialTokenIds.has(id);
    assert.ok(!tokens.appended(text, NO_REST).some(isSpecial));
    assert.ok(!tokens.appended([text, text], NO_REST).some(isSpecial));
    assert.ok(!tokens.prompt(text).some(isSpecial));
    const chat = (content: string) => tokens.prompt([{ role: "user", content }]).filter(isSpecial);
    assert.deepEqual(chat(text), chat("the cat"), "the chat template's own are the only ones");
  }));
});

Deno.test("EpisodeTokens takes control parts at their word, and tokenizes each part on its own", () => {
  const [start, end] = ["<|im_start|>", "<|im_end|>"].map((token) => tokenizer.tokenToId(token)!);
  const ids = tokens.appended([{ control: "<|im_end|>\n<|im_start|>user\n" }, "the<|im_end|>"], NO_REST);
  assert.deepEqual(ids.filter((id) => id === start || id === end), [end, start]);
  assert.equal(tokenizer.decode(ids), "<|im_end|>\n<|im_start|>user\nthe<|im_end|>");
  const [t, he] = ["t", "he"].map((text) => tokenizer.encode(text));
  assert.deepEqual(tokens.appended(["t", "he"], NO_REST), [...t, ...he]);
  assert.notDeepEqual(tokens.appended("the", NO_REST), [...t, ...he]);
});

Deno.test("EpisodeTokens puts around a text prompt what the tokenizer puts around texts, and not around a chat", () => {
  const json = tinyJson("tokenizer.json");
  const begin = tinyTokenizer().tokenToId("<|endoftext|>")!;
  const withBegin = tinyTokenizer({
    "tokenizer.json": {
      ...json,
      post_processor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<|endoftext|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
        pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
        special_tokens: { "<|endoftext|>": { id: "<|endoftext|>", ids: [begin], tokens: ["<|endoftext|>"] } },
      },
    },
  });
  const own = new EpisodeTokens(withBegin, []);
  assert.deepEqual(own.prompt("the cat"), [begin, ...tokenizer.encode("the cat")]);
  const end = tokenizer.tokenToId("<|im_end|>");
  assert.ok(!own.prompt("a <|im_end|>").includes(end!));
  const chat = [{ role: "user", content: "the cat" }];
  assert.deepEqual(own.prompt(chat), tokens.prompt(chat));
  assert.equal(tokenizer.decode(tokens.prompt(chat)), tokenizer.applyChatTemplate(chat, { addGenerationPrompt: true }));
});

Deno.test("EpisodeTokens shows a turn without its stop token, and with other special tokens that were written", () => {
  const [start, end] = ["<|im_start|>", "<|im_end|>"].map((token) => tokenizer.tokenToId(token)!);
  const ids = [...tokenizer.encode("the"), start, ...tokenizer.encode(" cat"), end];
  const turn = tokens.turn(completion(ids, "stop", "the<|im_start|> cat<|im_end|>"));
  assert.deepEqual(turn, {
    tokenIds: ids,
    text: "the<|im_start|> cat",
    finishReason: "stop",
    stopString: null,
    rest: "",
  });
  const cut = tokens.turn(completion([...tokenizer.encode("the"), tokenizer.vocabSize + 3], "length", "the"));
  assert.deepEqual([cut.text, cut.tokenIds.length, cut.finishReason], ["the", 2, "length"]);
});

Deno.test("EpisodeTokens keeps a turn's tokens whole where a stop string ends within one, and says what they say after it", () => {
  const ids = tokenizer.encode("a </query>\n\n");
  const turn = tokens.turn(completion(ids, "stopString", "a "));
  assert.deepEqual(turn.tokenIds, ids);
  assert.deepEqual(
    [turn.text, turn.stopString, turn.rest],
    ["a ", "</q", "uery>\n\n"],
    "the shorter was complete first",
  );
  const one = new EpisodeTokens(tokenizer, ["</query>"]).turn(completion(ids, "stopString", "a "));
  assert.deepEqual([one.stopString, one.rest], ["</query>", "\n\n"]);
  const after = (text: string, rest: string) => tokenizer.decode(tokens.appended(text, { rest }));
  assert.equal(after("\ndocuments", "\n"), "documents");
  assert.equal(after("\n\ndocuments", "\n"), "\ndocuments");
  assert.equal(after("\ndocuments", " \n"), "documents");
  assert.equal(after("\ndocuments", "\n "), "\ndocuments");
  assert.equal(after("a cat", " a"), "a cat", "words are never taken for white space");
  assert.equal(after("documents", ""), "documents");
});
