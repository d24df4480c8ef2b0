import assert from "node:assert/strict";
import {
  type AnswerJudge,
  lexicalAnswerJudge,
  lexicalJudge,
  type StepJudge,
  type StepToJudge,
} from "../../lib/agent/judge/mod.ts";
import { type JudgedEpisode, judgeEpisodes } from "../../lib/r3/judge_episodes.ts";
import type { R3StepRecord } from "../../lib/r3/state.ts";
import { anAnswer, aPassage, aQuery } from "./fixtures.ts";

const task = { question: "Where was the founder of Velmona born?", answer: "Torvale" };
const founder = aPassage("Velmona", "Velmona was founded by Ana Brix.");
const birth = aPassage("Ana Brix", "Ana Brix was born in Torvale.");
const other = aPassage("Zeltum", "Zeltum is a river.");

function episode(steps: R3StepRecord[], problem: string | null = null): JudgedEpisode {
  const last = steps.at(-1)?.step;
  return {
    task,
    state: {
      steps,
      problem,
      malformedTurns: problem === null ? 0 : 1,
      answer: last !== undefined && "answer" in last ? last.answer : null,
      passages: steps.flatMap(({ documents }) => documents),
    },
  };
}

const good = episode([
  aQuery(1, "I need to find who founded Velmona.", "Who founded Velmona?", [founder, other]),
  aQuery(
    2,
    "Velmona was founded by Ana Brix. Now I need to find where Ana Brix was born.",
    "Where was Ana Brix born?",
    [
      birth,
    ],
  ),
  anAnswer(3, "Ana Brix was born in Torvale. So I can answer.", "the Torvale"),
]);
const poor = episode([
  aQuery(1, "I need to find who founded Velmona.", "Who founded Velmona?", [founder, other]),
  aQuery(2, "I need to find who founded Velmona.", "Who founded Velmona?", []),
  anAnswer(3, "I can answer now.", "Zeltum"),
]);
const malformed = episode(
  [aQuery(1, "I need to find who founded Velmona.", "Who founded Velmona?", [founder])],
  "no step",
);
const silent = episode([], "no step");

Deno.test("judgeEpisodes() gives each step its judgement, the right chain better ones, and malformed ends none", async () => {
  const judges = { stepJudge: lexicalJudge(), answerJudge: lexicalAnswerJudge() };
  const [ofGood, ofPoor, ofMalformed, ofSilent] = await judgeEpisodes([good, poor, malformed, silent], judges);
  assert.deepEqual(ofGood.map(({ kind }) => kind), ["query", "query", "answer"]);
  assert.deepEqual(ofMalformed.map(({ kind }) => kind), ["query", "malformed"]);
  assert.deepEqual(ofSilent, [{ kind: "malformed" }]);
  assert.deepEqual(ofGood[2], { kind: "answer", isRight: true });
  assert.deepEqual(ofPoor[2], { kind: "answer", isRight: false });
  const [asked, again] = [ofGood[1], ofPoor[1]];
  assert.ok(asked.kind === "query" && again.kind === "query");
  assert.ok(asked.hasDocuments && !again.hasDocuments);
  assert.deepEqual(Object.keys(asked.quality!).sort(), ["coherence", "rationality", "relevance"]);
  assert.ok(asked.quality!.relevance > again.quality!.relevance);
  assert.ok(asked.quality!.coherence > again.quality!.coherence);
});

Deno.test("judgeEpisodes() tells the judge what stood before a step, and nothing after it", async () => {
  const seen: StepToJudge[] = [];
  const stepJudge: StepJudge = {
    ...lexicalJudge(),
    judgeSteps(steps) {
      seen.push(...steps);
      return Promise.resolve(steps.map(() => ({ coherence: 1, rationality: 1, relevance: 1, reason: "so" })));
    },
  };
  const [steps] = await judgeEpisodes([good], { stepJudge, answerJudge: null });
  assert.deepEqual(seen.map(({ query, earlier, documents }) => [query, earlier.length, documents.length]), [
    ["Who founded Velmona?", 0, 2],
    ["Where was Ana Brix born?", 1, 1],
  ]);
  assert.deepEqual(seen[1].earlier[0].documents, [founder, other]);
  assert.deepEqual(steps[0], {
    kind: "query",
    quality: { coherence: 1, rationality: 1, relevance: 1 },
    hasDocuments: true,
  });
  assert.deepEqual(steps[2], { kind: "answer", isRight: null }, "nobody judged the answer");
});

Deno.test("judgeEpisodes() leaves null where a judge failed, and only there", async () => {
  const failure = { failure: "timeout", message: "nothing came in 1 s" } as const;
  const stepJudge: StepJudge = {
    ...lexicalJudge(),
    judgeSteps: (steps) =>
      Promise.resolve(
        steps.map(({ earlier }) => earlier.length > 0 ? failure : { coherence: 0.5, rationality: 0.5, relevance: 0.5 }),
      ),
  };
  const answerJudge: AnswerJudge = {
    ...lexicalAnswerJudge(),
    judgeAnswers: (items) =>
      Promise.resolve(items.map(({ answer }) => answer === "Zeltum" ? failure : { isRight: true })),
  };
  const [ofGood, ofPoor] = await judgeEpisodes([good, poor], { stepJudge, answerJudge });
  const isNull = (steps: typeof ofGood) =>
    steps.map((step) =>
      step.kind === "query" ? step.quality === null : step.kind === "answer" && step.isRight === null
    );
  assert.deepEqual(isNull(ofGood), [false, true, false]);
  assert.deepEqual(isNull(ofPoor), [false, true, true]);
});

Deno.test("judgeEpisodes() asks no judge for nothing, and stops when aborted", async () => {
  const never = () => Promise.reject(new Error("asked"));
  const stepJudge: StepJudge = { ...lexicalJudge(), judgeSteps: never };
  const answerJudge: AnswerJudge = { ...lexicalAnswerJudge(), judgeAnswers: never };
  assert.deepEqual(await judgeEpisodes([], { stepJudge, answerJudge }), []);
  assert.deepEqual(await judgeEpisodes([silent], { stepJudge, answerJudge }), [[{ kind: "malformed" }]]);
  const aborted = AbortSignal.abort(new Error("enough"));
  await assert.rejects(
    judgeEpisodes([good], { stepJudge: lexicalJudge(), answerJudge: lexicalAnswerJudge() }, aborted),
    /enough/,
  );
});
