import assert from "node:assert/strict";
import { normalizeAnswer } from "../../lib/data/mod.ts";
import {
  coldStartRows,
  type PassageRetriever,
  r3Game,
  trajectoryRows,
  worldCollection,
  worldTrajectories,
} from "../../lib/r3/mod.ts";
import { listRetriever, ScriptedPlay } from "./fixtures.ts";

const { documents, train } = worldCollection({ trainWorlds: 12, testWorlds: 0, seed: 5 });
const { retriever } = listRetriever(documents);

Deno.test("worldTrajectories() gives the answer when all supporting documents were found, and asks no more than needed", async () => {
  const { trajectories, leftOut } = await worldTrajectories(train, { retriever });
  assert.equal(trajectories.length + leftOut.notFound + leftOut.tooLong + leftOut.failed, train.length);
  assert.ok(trajectories.length > 0.9 * train.length, `${trajectories.length} of ${train.length}`);
  const byId = new Map(train.map((question) => [question.id, question]));
  for (const { question, steps } of trajectories) {
    const { support, answer } = byId.get(question.id)!;
    const shown = steps.flatMap(({ documents }) => documents);
    assert.ok(support.every((id) => shown.some(({ document }) => document === id)));
    assert.equal(new Set(shown.map(({ id }) => id)).size, shown.length);
    assert.ok(steps.length <= 5);
    const last = steps[steps.length - 1].step;
    assert.ok("answer" in last && last.answer === answer);
    assert.ok(steps.slice(0, -1).every(({ step }) => "query" in step));
  }
});

Deno.test("worldTrajectories() asks in other words where the supporting document is not found, and gives up after all wordings", async () => {
  const missing = train.find(({ type }) => type === "bridge")!;
  let refusals = 1;
  const moody: PassageRetriever = {
    async find(requests, options) {
      const found = await retriever.find(requests, options);
      const [first] = missing.support;
      if (refusals-- <= 0) return found;
      return found.map((passages) => passages.filter(({ document }) => document !== first));
    },
  };
  const { trajectories: [{ steps }] } = await worldTrajectories([missing], { retriever: moody });
  const queries = steps.flatMap(({ step }) => "query" in step ? [step.query] : []);
  assert.equal(queries.length, missing.support.length + 1);
  assert.notEqual(normalizeAnswer(queries[0]), normalizeAnswer(queries[1]));
  assert.match(steps[1].step.analysis, /^(?:No document says|The documents do not tell|I still do not know)/);
  refusals = Infinity;
  const { trajectories, leftOut } = await worldTrajectories([missing], { retriever: moody });
  assert.deepEqual([trajectories.length, leftOut], [0, { notFound: 1, tooLong: 0, failed: 0 }]);
});

Deno.test("worldTrajectories() leaves out what takes too many steps and what cannot be searched, and counts it", async () => {
  const long = train.filter(({ support }) => support.length === 3);
  const { leftOut, trajectories } = await worldTrajectories(long, { retriever, maxSteps: 2 });
  assert.ok(trajectories.every(({ steps }) => steps.length <= 2));
  assert.equal(leftOut.tooLong + leftOut.notFound + trajectories.length, long.length);
  assert.ok(leftOut.tooLong > 0);
  const broken: PassageRetriever = { find: () => Promise.reject(new Error("no index")) };
  const failed = await worldTrajectories(train.slice(0, 3), { retriever: broken });
  assert.deepEqual([failed.trajectories.length, failed.leftOut.failed], [0, 3]);
});

Deno.test("worldTrajectories() gives the same for the same seed, whichever questions are asked with it", async () => {
  const all = await worldTrajectories(train, { retriever, seed: 1 });
  const one = all.trajectories[7];
  const alone = await worldTrajectories(train.filter(({ id }) => id === one.question.id), { retriever, seed: 1 });
  assert.deepEqual(alone.trajectories, [one]);
  const order = all.trajectories.map(({ question: { id } }) => train.findIndex((question) => question.id === id));
  assert.deepEqual(order, order.toSorted((a, b) => a - b));
});

Deno.test("coldStartRows() gives a row for each step, with the prompt that an episode would have there", async () => {
  const { trajectories } = await worldTrajectories(train.slice(0, 20), { retriever });
  const trajectory = trajectories.find(({ steps }) => steps.length >= 3)!;
  const rows = trajectoryRows(trajectory);
  const episode = new ScriptedPlay(r3Game({ retriever }), trajectory.question);
  for (const { prompt, completion } of rows) {
    assert.equal(prompt.map(({ content }) => content).join("\n\n"), episode.prompt);
    assert.equal(completion.length, 1);
    await episode.write(String(completion[0].content));
  }
  assert.equal(episode.play.state.answer, trajectory.question.answer);
  assert.equal(coldStartRows(trajectories).length, trajectories.reduce((sum, { steps }) => sum + steps.length, 0));
});

Deno.test("trajectoryRows() refuses a step that its own grammar could not read back", () => {
  const step = { number: 1, analysis: "I know.\nStep 2:", answer: "x" };
  const question = { id: "q", question: "Who?", answer: "x" };
  assert.throws(() => trajectoryRows({ question, steps: [{ step, documents: [] }] }), /question q, step 1: /);
});
