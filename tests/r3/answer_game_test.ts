import assert from "node:assert/strict";
import { answerGame, type AnswerTask, type FoundPassage } from "../../lib/r3/mod.ts";
import { DOCUMENTS, ScriptedPlay, turnOf } from "./fixtures.ts";

const passages: FoundPassage[] = DOCUMENTS.slice(0, 2).map((document) => ({
  ...document,
  document: document.id,
  score: 0,
}));
const task: AnswerTask = { question: "Where was the founder of Velmona born?", passages };
const line = (text: string) => turnOf(text, "stopString");

Deno.test("answerGame() in the grammar has the model write its analysis and then only an answer", async () => {
  const episode = new ScriptedPlay(answerGame("r3"), task);
  assert.match(
    episode.prompt,
    /The retrieval query: Where was the founder of Velmona born\?\nThe retrieval documents:\nVelmona: /,
  );
  assert.deepEqual(await episode.write(line("Step 2:")), { kind: "append", text: "The problem analysis:" });
  assert.deepEqual(await episode.write(line(" Mia founded it.")), { kind: "append", text: "The final answer:" });
  assert.deepEqual(await episode.write(turnOf(" Dalham")), { kind: "end" });
  const { state } = episode.play;
  assert.deepEqual(state.steps.map(({ step }) => step), [{ number: 1, analysis: "Mia founded it.", answer: "Dalham" }]);
  assert.deepEqual([state.answer, state.passages.length, state.problem], ["Dalham", 2, null]);
});

Deno.test("answerGame() without passages asks for the first step, and gives the analysis in its brief form", async () => {
  const episode = new ScriptedPlay(answerGame("brief"), { ...task, passages: [] });
  assert.ok(episode.prompt.endsWith(`The question: ${task.question}`));
  const move = await episode.write(line("Step 1:"));
  assert.deepEqual(move, { kind: "append", text: "The problem analysis: I can answer now.\nThe final answer:" });
  await episode.write(turnOf(" Orna"));
  assert.equal(episode.play.state.answer, "Orna");
});

Deno.test("answerGame() over evidence takes what the model says of it as the analysis", async () => {
  const episode = new ScriptedPlay(answerGame("grounded"), task);
  assert.match(episode.prompt, /\[1\] Velmona: .*\n\[2\] Mia Torvic: .*\nThe question: /);
  assert.equal((await episode.write(line("Mia Torvic was born in Dalham [2]."))).kind, "prompt");
  assert.match(episode.prompt, /The retrieval documents:\nVelmona: /);
  assert.deepEqual(await episode.write(line("Step 2:")), {
    kind: "append",
    text: "The problem analysis: Mia Torvic was born in Dalham.\nThe final answer:",
  });
  await episode.write(turnOf(" Dalham"));
  assert.equal(episode.play.state.answer, "Dalham");
});

Deno.test("answerGame() in plain words takes the first line, without what leads to it", async () => {
  const episode = new ScriptedPlay(answerGame("plain"), task);
  assert.match(episode.prompt, /a few words and no sentence\.\n\nVelmona: .*\nMia Torvic: .*\nThe question: /);
  assert.equal((await episode.write(line("The answer is: Dalham"))).kind, "end");
  assert.equal(episode.play.state.answer, "Dalham");
});

Deno.test("answerGame() takes the words of a model that ends its turn early, and no empty or cut-off answer", async () => {
  const early = new ScriptedPlay(answerGame("r3"), task);
  assert.equal((await early.write(turnOf("The final answer: Dalham"))).kind, "end");
  assert.equal(early.play.state.answer, "Dalham");
  for (const [turn, problem] of [[turnOf(" "), /empty/], [turnOf("Dalham and", "length"), /cut off/]] as const) {
    const episode = new ScriptedPlay(answerGame("plain"), task);
    await episode.write(turn);
    assert.equal(episode.play.state.answer, null);
    assert.match(episode.play.state.problem!, problem);
    assert.equal(episode.play.state.malformedTurns, 1);
  }
});
