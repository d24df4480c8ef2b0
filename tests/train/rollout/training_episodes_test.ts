import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import {
  type Episode,
  type NextMove,
  type PlayedEpisode,
  playEpisodes,
  ppo,
  trainingEpisodes,
  type Turn,
} from "../../../lib/train/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { collect, numbersOf } from "../../support/tiny_model.ts";
import { drawnCritic } from "../ppo_runs.ts";
import { type Script, scriptedGame, withWriter } from "./scripted_game.ts";

const turn = (tokenIds: number[], finishReason: Turn["finishReason"] = "stop"): Turn => ({
  ...{ tokenIds, finishReason, text: "", stopString: null, rest: "" },
});

const played: PlayedEpisode<string, null> = {
  ...{ task: "t", sample: 0, state: null, ending: "ended", failure: null, regenerations: 0 },
  turns: [turn([5, 6]), turn([7], "length"), turn([8, 9])],
  contexts: [
    { ids: [1, 5, 6, 2, 7], lossMask: [false, true, true, false, true], turnEnds: [2, 4] },
    { ids: [3, 4, 8, 9], lossMask: [false, false, true, true], turnEnds: [3] },
  ],
};

Deno.test("trainingEpisodes() gives each context its turns' rewards at their last tokens", () => {
  assert.deepEqual(trainingEpisodes(played, [0.5, -1, 2]), [
    { ...tokensOf(0), terminated: false, tokenRewards: [0, 0, 0.5, 0, -1] },
    { ...tokensOf(1), terminated: true, tokenRewards: [0, 0, 0, 2] },
  ]);
});

Deno.test("trainingEpisodes() leaves out what could not be judged, and what failed", () => {
  const leftOut = [
    { ...tokensOf(0), terminated: false, score: null },
    { ...tokensOf(1), terminated: true, score: null },
  ];
  assert.deepEqual(trainingEpisodes(played, null), leftOut);
  assert.deepEqual(trainingEpisodes({ ...played, ending: "failed", failure: "no index" }, [0.5, -1, 2]), leftOut);
  assert.deepEqual(trainingEpisodes({ ...played, turns: [], contexts: [] }, []), []);
  assert.throws(() => trainingEpisodes(played, [1, 2]), /turnRewards: expected one for each of 3 turns, got 2/);
});

function tokensOf(context: number) {
  const { ids, lossMask } = played.contexts[context];
  return { ids: [...ids], lossMask: [...lossMask] };
}

const moves: NextMove[] = [{ kind: "append", text: "\nthe dog sat on the log\n" }, {
  kind: "prompt",
  prompt: "the mat",
}];
const tasks = ["the cat", "a dog", "the log"].map((prompt, index): Script => ({
  ...{ id: `${index}`, prompt },
  moves: index === 2 ? [{ kind: "failed", message: "no index" }] : moves.slice(0, index + 1),
}));

Deno.test("ppo() learns from played episodes, at the tokens that the policy drew and at no others", () =>
  withWriter(async ({ model, ...options }) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const critic = await drawnCritic(model);
    const before = await numbersOf(model, adapter.factors);
    let own: Episode[] = [];
    const rollout = async (round: number, signal?: AbortSignal) => {
      const all = await playEpisodes(scriptedGame, tasks, {
        ...{ ...options, model, adapter, seed: `round ${round}`, samples: 2, signal },
      });
      own = all.flatMap((episode) => trainingEpisodes(episode, episode.turns.map((_, i) => i + 0.5)));
      return own;
    };
    const [step] = await collect(ppo({
      ...{ model, adapter, critic, rollout, numTotalBatches: 1, numPpoEpochs: 1, learningRate: 1e-2 },
      ...{ perDeviceTrainBatchSize: 2, lrSchedulerType: "constant" },
    }));
    assert.equal(own.length, 2 * (1 + 2 + 1));
    assert.equal(step.metrics["episodes/left_out"], 2);
    assert.equal(step.metrics.episode, 6);
    const judged = own.filter(({ score }) => score !== null);
    // Log-probabilities of the drawn tokens alone, by the policy that drew them.
    const totals: number[] = [];
    for (const { ids, lossMask } of judged) {
      const pass = await model.forward({
        ...{ batch: 1, tokens: ids.length, documents: new Int32Array(ids.length) },
        ...{ ids: BigInt64Array.from(ids, BigInt), positions: BigInt64Array.from(ids, (_, i) => BigInt(i)) },
      });
      const drawn = lossMask.flatMap((isDrawn, token) => isDrawn ? [token] : []);
      const rows = drawn.map((token) => token - 1);
      const { logProbs } = await model.logProbs(pass, { rows, targets: drawn.map((token) => ids[token]) });
      pass.hidden.dispose();
      totals.push(logProbs.reduce((sum, value) => sum + value, 0));
    }
    const mean = totals.reduce((sum, value) => sum + value, 0) / totals.length;
    assertClose([step.metrics["objective/entropy"]], [-mean], "objective/entropy", 1e-4);
    // Two samples of: turns worth 0.5 + 1.5; 0.5 + 1.5, and 2.5 after another prompt.
    assertClose([step.metrics["objective/scores"]], [(2 + 2 + 2.5) / 3], "objective/scores");
    const after = await numbersOf(model, adapter.factors);
    const hasLearned = [...after].some(([name, factor]) => factor.some((value, i) => value !== before.get(name)![i]));
    assert.ok(hasLearned);
  }));

Deno.test("ppo() would learn otherwise if what was appended were in the loss", () =>
  withWriter(async ({ model, ...options }) => {
    const all = await playEpisodes(scriptedGame, tasks.slice(0, 2), { ...options, model });
    const own = all.flatMap((episode) => trainingEpisodes(episode, episode.turns.map(() => 1)));
    const learn = async (episodes: Episode[]) => {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const critic = await drawnCritic(model);
      await collect(ppo({
        ...{ model, adapter, critic, numTotalBatches: 1, numPpoEpochs: 1, learningRate: 1e-2 },
        ...{ lrSchedulerType: "constant", rollout: () => Promise.resolve(episodes) },
      }));
      return await numbersOf(model, adapter.factors);
    };
    const learned = await learn(own);
    const widened = own.map((episode) => ({ ...episode, lossMask: episode.lossMask.map((_, token) => token > 0) }));
    assert.notDeepEqual(await learn(widened), learned);
    // A reward there is refused, rather than lost.
    const misplaced = own.map((episode) => ({
      ...episode,
      tokenRewards: episode.lossMask.map((isDrawn) => isDrawn ? 0 : 1),
    }));
    await assert.rejects(learn(misplaced), /a reward of 1 at token \d+, which the policy did not write/);
  }));
