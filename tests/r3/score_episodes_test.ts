import assert from "node:assert/strict";
import { newR3State, type R3Question, type R3State, scoreEpisodes } from "../../lib/r3/mod.ts";
import type { PlayedEpisode } from "../../lib/train/mod.ts";
import { QUESTION } from "./fixtures.ts";

function played(
  state: Partial<R3State>,
  rest: Partial<PlayedEpisode<R3Question, R3State>> = {},
): PlayedEpisode<R3Question, R3State> {
  const whole = { ...newR3State(), ...state };
  return {
    task: QUESTION,
    sample: 0,
    state: whole,
    turns: [],
    contexts: [],
    ending: "ended",
    failure: null,
    regenerations: 0,
    ...rest,
  };
}

const query = (number: number) => ({ step: { number, analysis: "a", query: "q" }, text: "", documents: [] });
const answer = (number: number, text: string) => ({
  step: { number, analysis: "a", answer: text },
  text: "",
  documents: [],
});
const passage = (document: string) => ({ id: `${document}#0`, document, title: "", text: "", score: 0 });

Deno.test("scoreEpisodes() measures answers, format, steps, passages and support", () => {
  const { scores, means, formatAdherence, endings } = scoreEpisodes([
    played({
      answer: "the Dalham",
      steps: [query(1), answer(2, "the Dalham")],
      passages: [passage("velmona"), passage("mia")],
    }),
    played({ answer: "Dalham town", steps: [answer(1, "Dalham town")], malformedTurns: 3 }),
    played({ problem: "no step", steps: [query(1)], malformedTurns: 1, passages: [passage("mia"), passage("orna")] }),
    played({ steps: [query(1), query(2)] }),
    played({ steps: [query(1)] }, { ending: "maxContextTokens" }),
  ]);
  assert.deepEqual(scores.map(({ metrics }) => metrics.exactMatch), [1, 0, 0, 0, 0]);
  assert.deepEqual(scores.map(({ metrics }) => metrics.f1), [1, 2 / 3, 0, 0, 0]);
  assert.deepEqual(scores.map(({ metrics }) => metrics.format), [1, 0.25, 0.5, 1, 1]);
  assert.deepEqual(scores.map(({ metrics }) => metrics.supportFound), [1, 0, 0.5, 0, 0]);
  assert.deepEqual(scores.map(({ metrics }) => metrics.passages), [2, 0, 2, 0, 0]);
  assert.equal(means.steps.mean, 7 / 5);
  assert.equal(means.answered.mean, 2 / 5);
  assert.ok(means.exactMatch.low <= 0.2 && means.exactMatch.high >= 0.2 && means.exactMatch.count === 5);
  assert.equal(formatAdherence, 7 / 11);
  assert.deepEqual(endings, { answered: 2, malformed: 1, outOfSteps: 1, noRoom: 1, failed: 0 });
});

Deno.test("scoreEpisodes() gives no F1 for yes where another word is right, and tells kinds apart", () => {
  const closed: R3Question = { ...QUESTION, id: "q2", answer: "yes", type: "yes_no", support: ["a", "b", "c"] };
  const { byKind, means } = scoreEpisodes([
    played({ answer: "yes it is", steps: [answer(1, "yes it is")] }, { task: closed }),
    played({ answer: "Yes.", steps: [answer(1, "Yes.")] }, { task: closed }),
    played({ answer: "Dalham", steps: [answer(1, "Dalham")] }),
  ]);
  assert.equal(means.f1.mean, 2 / 3);
  assert.deepEqual(Object.keys(byKind), ["2 hops", "3 hops", "bridge", "yes_no"]);
  assert.equal(byKind["yes_no"].exactMatch.mean, 0.5);
  assert.equal(byKind["2 hops"].exactMatch.count, 1);
});

Deno.test("scoreEpisodes() counts an episode whose search failed and leaves it out of all else", () => {
  const right = played({ answer: "Dalham", steps: [answer(1, "Dalham")] });
  const failed = played({ steps: [query(1)], malformedTurns: 2 }, { ending: "failed", failure: "no index" });
  const { scores, means, formatAdherence, endings } = scoreEpisodes([failed, right]);
  assert.deepEqual([scores.length, means.exactMatch.mean, formatAdherence, endings.failed], [1, 1, 1, 1]);
  assert.throws(() => scoreEpisodes([failed]), /none of 1 episodes can be scored: 1 failed/);
});
