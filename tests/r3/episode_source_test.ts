import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { type AnswerJudge, lexicalAnswerJudge, lexicalJudge, type StepJudge } from "../../lib/agent/judge/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { createCritic, type Episode, ppo } from "../../lib/train/mod.ts";
import { type R3Chain, r3Episodes } from "../../lib/r3/episode_source.ts";
import { type PassageRetriever, worldCollection } from "../../lib/r3/mod.ts";
import { withHouseModel } from "../support/house_model.ts";
import { listRetriever } from "./fixtures.ts";

const { documents, train } = worldCollection({ trainWorlds: 6, testWorlds: 0 });
const { retriever } = listRetriever(documents);
const judges = { stepJudge: lexicalJudge(), answerJudge: lexicalAnswerJudge() };

/** Where the policy's tokens end, and what each was given. */
function rewardOf({ ids, lossMask, tokenRewards = [] }: Episode): number {
  const given = tokenRewards.flatMap((reward, token) => reward === 0 ? [] : [token]);
  assert.ok(given.length <= 1);
  if (given.length === 1) assert.equal(given[0], ids.length - 1, "the reward lies on the step's last token");
  assert.equal(lossMask.indexOf(true), ids.length - lossMask.filter(Boolean).length, "a step ends its context");
  return tokenRewards.reduce((sum, reward) => sum + reward, 0);
}

Deno.test("r3Episodes() gives each step of each chain as an episode, with its reward at its end", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const rounds: (readonly R3Chain[])[] = [];
    const play = { model, tokenizer, retriever, questions: train, questionsPerRound: 4, samples: 3, seed: 5 };
    const source = r3Episodes({ ...play, ...judges, onRound: (_, chains) => rounds.push(chains) });
    const episodes = await source(0);
    const [chains] = rounds;
    assert.equal(chains.length, 12);
    assert.equal(episodes.length, chains.reduce((sum, { steps }) => sum + steps.length, 0));
    const rewards = chains.flatMap((chain) => chain.rewards!);
    episodes.forEach((episode, i) => assert.ok(Math.abs(rewardOf(episode) - rewards[i]) < 1e-6));
    for (const { episode: { state, task }, steps } of chains) {
      const last = steps.at(-1)!;
      if (state.answer !== null) {
        assert.deepEqual(last, {
          kind: "answer",
          isRight: (await judges.answerJudge.judgeAnswers([{ ...task, answer: state.answer, reference: task.answer }]))
            .every((verdict) => "isRight" in verdict && verdict.isRight),
        });
      }
    }
    // What was retrieved is read and never learned.
    const shown = chains.flatMap(({ episode }) => episode.state.passages.map(({ text }) => text));
    const learned = episodes.map(({ ids, lossMask }) => tokenizer.decode(ids.filter((_, token) => lossMask[token])));
    assert.ok(shown.length > 0);
    for (const text of learned) assert.doesNotMatch(text, /The retrieval documents/);

    const counted = episodes.filter(({ metrics }) => metrics?.["r3/em"] !== undefined);
    assert.equal(counted.length, 12, "a chain's own numbers are logged once");
    assert.deepEqual(await source(0), episodes, "a round is the same each time");
    assert.notDeepEqual(await source(1), episodes);
    const asked = rounds.map((round) => round.map(({ episode }) => episode.task.id));
    assert.equal(asked[0].filter((id) => asked[2].includes(id)).length, 0, "rounds of one pass ask other questions");
  }));

Deno.test("r3Episodes() leaves out chains that a judge or the search failed on, and ppo() goes on without them", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const failure = { failure: "rateLimit", message: "429" } as const;
    const stepJudge: StepJudge = {
      ...judges.stepJudge,
      judgeSteps: async (steps, options) =>
        (await lexicalJudge().judgeSteps(steps, options)).map((judgement, i) => i % 5 === 0 ? failure : judgement),
    };
    const answerJudge: AnswerJudge = {
      ...judges.answerJudge,
      judgeAnswers: async (items) =>
        (await lexicalAnswerJudge().judgeAnswers(items)).map((v, i) => i === 0 ? failure : v),
    };
    const broken: PassageRetriever = {
      find: (requests, options) => {
        if (requests.some(({ query }) => query.length % 7 === 0)) return Promise.reject(new Error("the table is away"));
        return retriever.find(requests, options);
      },
    };
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const critic = await createCritic(model, new Random(2), { r: 2 });
    let chains: readonly R3Chain[] = [];
    const play = { model, adapter, tokenizer, questions: train, questionsPerRound: 4, samples: 3 };
    const source = r3Episodes({
      ...{ ...play, retriever: broken, stepJudge, answerJudge },
      onRound: (_, played) => chains = played,
    });
    const episodes = await source(0);
    const leftOut = chains.filter(({ rewards }) => rewards === null);
    assert.ok(leftOut.length > 0 && leftOut.length < chains.length);
    assert.ok(chains.some(({ episode }) => episode.ending === "failed"), "some searches failed");
    assert.equal(
      episodes.filter(({ score }) => score === null).length,
      leftOut.reduce((sum, { episode }) => sum + episode.contexts.length, 0),
    );
    for (const chain of chains) {
      const isUnjudged = chain.steps.some((step) =>
        step.kind === "query" ? step.quality === null : step.kind === "answer" && step.isRight === null
      );
      assert.equal(chain.rewards === null, isUnjudged || chain.episode.ending === "failed");
    }
    for await (const { metrics } of ppo({ model, adapter, critic, rollout: source, maxSteps: 1, learningRate: 1e-4 })) {
      assert.equal(metrics["episodes/left_out"], episodes.filter(({ score }) => score === null).length);
      assert.ok(Number.isFinite(metrics.loss) && metrics["r3/em"] >= 0);
    }
    for (const { factors } of [adapter, critic]) factors.forEach((factor) => factor.dispose());
  }));

Deno.test("r3Episodes() plays other rules, and asks only the judges that the reward needs", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    let chains: readonly R3Chain[] = [];
    const source = r3Episodes({
      ...{ model, tokenizer, retriever, questions: train, questionsPerRound: 2, samples: 2 },
      ...{ stepJudge: null, answerJudge: lexicalAnswerJudge(), rewards: { only: "outcome" as const } },
      ...{ maxSteps: 1, passagesPerStep: 1 },
      onRound: (_, played) => chains = played,
    });
    const episodes = await source(3);
    assert.equal(episodes.length, 4);
    for (const { episode, rewards } of chains) {
      assert.equal(episode.turns.length, 1);
      assert.ok(episode.state.passages.length <= 1);
      assert.ok([0, 2, -0.9].includes(rewards![0]), String(rewards));
    }
  }));

Deno.test("r3Episodes() refuses rounds that cannot be filled, and rewards without their judge", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const play = { model, tokenizer, retriever, questions: train.slice(0, 3), ...judges };
    assert.throws(
      () => r3Episodes({ ...play, questionsPerRound: 4 }),
      /questionsPerRound: expected .* 1 to 3, .* got 4/,
    );
    assert.throws(() => r3Episodes({ ...play, questionsPerRound: 0 }), /questionsPerRound/);
    assert.throws(
      () => r3Episodes({ ...play, questionsPerRound: 1, stepJudge: null }),
      /stepJudge: the reward \(both\)/,
    );
    assert.throws(
      () => r3Episodes({ ...play, questionsPerRound: 1, answerJudge: null, rewards: { only: "outcome" } }),
      /answerJudge: the reward \(outcome\)/,
    );
    await Promise.resolve();
  }));
