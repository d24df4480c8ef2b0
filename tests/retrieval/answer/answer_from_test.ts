import assert from "node:assert/strict";
import { answerFrom, type AnswerModel, houseForm } from "../../../lib/retrieval/answer/mod.ts";
import { NOT_IN_DOCUMENTS } from "../../../lib/data/mod.ts";
import type { ChatMessage } from "../../../lib/tokenizer/mod.ts";
import { result } from "./passages.ts";

/** A model that says what it is told to, and remembers what it was asked. */
function scripted(reply: string) {
  const asked: { messages: readonly ChatMessage[]; maxNewTokens: number }[] = [];
  const model: AnswerModel = {
    complete(messages, { maxNewTokens, onText }) {
      asked.push({ messages, maxNewTokens });
      for (const piece of reply.match(/.{1,5}/gs) ?? []) onText?.(piece);
      return Promise.resolve(reply);
    },
  };
  return { model, asked };
}

const REPLY = 'Inhalers help [1].\nEvidence [1]: "Inhalers help"';

Deno.test("answerFrom() asks the model about the evidence, streams its reply and checks it", async () => {
  const { model, asked } = scripted(REPLY);
  let streamed = "";
  const results = [result("Inhalers help."), result("Rest helps.", { title: "Gout" })];
  const options = { model, form: houseForm, maxNewTokens: 60, onToken: (piece: string) => void (streamed += piece) };
  const answer = await answerFrom("What helps?", results, options);
  assert.equal(answer.text, "Inhalers help [1].");
  assert.deepEqual([answer.problems, answer.isRefusal, answer.reply, streamed], [[], false, REPLY, REPLY]);
  assert.deepEqual(answer.citations.map(({ quote, found }) => [quote, found]), [["Inhalers help", true]]);
  assert.equal(asked[0].maxNewTokens, 60);
  assert.deepEqual(asked[0].messages, houseForm.messages("What helps?", answer.evidence.passages));
});

Deno.test("answerFrom() says that the documents do not answer, without asking, when nothing reaches the floor", async () => {
  const { model, asked } = scripted(REPLY);
  const results = [result("Inhalers help.", {}, { score: 0.3 })];
  for (const [found, floor] of [[results, 0.5], [[], undefined]] as const) {
    assert.deepEqual(await answerFrom("What helps?", found, { model, floor }), {
      text: NOT_IN_DOCUMENTS,
      citations: [],
      isRefusal: true,
      problems: [],
      evidence: { passages: [], tokens: 0, leftOut: [] },
      reply: null,
    });
  }
  assert.equal(asked.length, 0);
  const { evidence } = await answerFrom("What helps?", [...results, result("Rest.")], { model, floor: 0.5 });
  assert.deepEqual(evidence.passages.map(({ text }) => text), ["Rest."]);
});

Deno.test("answerFrom() counts tokens as the model does, else as a third of the bytes", async () => {
  const { model } = scripted(REPLY);
  const results = [result("a".repeat(300)), result("b".repeat(300))];
  const rough = await answerFrom("?", results, { model, form: houseForm, budget: 120 });
  assert.equal(rough.evidence.passages.length, 1);
  assert.equal(rough.evidence.tokens, Math.ceil(("[1] Asthma: ".length + 300) / 3));
  const counting = { ...model, countTokens: () => 7 };
  const { evidence } = await answerFrom("?", results, { model: counting, form: houseForm, budget: 14 });
  assert.deepEqual([evidence.passages.length, evidence.tokens], [2, 14]);
});

Deno.test("answerFrom() stops when it is aborted, before and after the model", async () => {
  const controller = new AbortController();
  const { model } = scripted(REPLY);
  const aborting: AnswerModel = {
    async complete(...asked) {
      const reply = await model.complete(...asked);
      controller.abort(new Error("enough"));
      return reply;
    },
  };
  const results = [result("Inhalers help.")];
  await assert.rejects(answerFrom("?", results, { model: aborting, signal: controller.signal }), /enough/);
  const { model: other, asked } = scripted(REPLY);
  await assert.rejects(answerFrom("?", results, { model: other, signal: controller.signal }), /enough/);
  assert.equal(asked.length, 0);
});
