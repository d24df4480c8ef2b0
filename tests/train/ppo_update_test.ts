import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import type { CausalLM } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { AdamW, type Episode, type Metrics } from "../../lib/train/mod.ts";
import { PpoActor } from "../../lib/train/ppo_actor.ts";
import { PpoCritic } from "../../lib/train/ppo_critic.ts";
import { resolvePpoOptions } from "../../lib/train/ppo_options.ts";
import { type LessonBatch, lessonsOfUpdate, scoreRound } from "../../lib/train/ppo_round.ts";
import { learn } from "../../lib/train/ppo_update.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { withTinyModel } from "../support/tiny_model.ts";
import { drawnCritic, goldenCritic, randomEpisodes } from "./ppo_runs.ts";

interface GoldenRun {
  adapter: string;
  critic: { r: number; loraAlpha: number; factors: string };
  options: { learningRate: number; klCoef: number; temperature: number; vfCoef: number };
  rounds: {
    prompts: number[][];
    responses: number[][];
    scores: number[];
    values: number[][];
    advantages: number[][];
    returns: number[][];
    metrics: Metrics;
  }[];
}

for (const name of ["plain", "whitened"]) {
  Deno.test(`scoreRound() and learn() equal PPOv2Trainer's values, advantages, returns and gradients (${name})`, () =>
    withTinyModel(async (model) => {
      const { options, rounds: [round], ...run } = await goldenJson<GoldenRun>(`ppo/training.${name}.json`);
      const expected = await goldenTensors(`ppo/training.${name}.gradients.safetensors`);
      const adapter = await loadAdapter(model, GOLDEN + run.adapter);
      const critic = await goldenCritic(model, run.critic);
      const rollout = () => Promise.resolve([]);
      const resolved = resolvePpoOptions({ ...options, model, adapter, critic, rollout, shuffle: false });
      const passes = { actor: new PpoActor(model, adapter, options.temperature), critic: new PpoCritic(model, critic) };
      const episodes = round.responses.map((response, i): Episode => ({
        ids: [...round.prompts[i], ...response],
        lossMask: [...round.prompts[i].map(() => false), ...response.map(() => true)],
        score: round.scores[i],
      }));
      const models = { ...passes, reference: { model, adapter } };
      const scored = await scoreRound(models, episodes, options.klCoef, resolved, options);
      for (
        const [key, name] of [["values", "oldValues"], ["advantages", "advantages"], ["returns", "returns"]] as const
      ) {
        const actual = scored.lessons.flatMap((lesson) => [...lesson[name]]);
        assertClose(actual, round[key].flat(), key);
      }
      // The gradients are those of the second update: in the first all ratios are 1.
      const optimizers = {
        policy: new AdamW(model.engine, adapter.factors),
        critic: new AdamW(model.engine, critic.factors),
      };
      const sinks = { actor: optimizers.policy.addGradient, critic: optimizers.critic.addGradient };
      const update = (number: number, { actor, critic }: typeof sinks) =>
        learn(
          lessonsOfUpdate(scored, number, new Random(1), resolved),
          { actor: { passes: passes.actor, sink: actor }, critic: { passes: passes.critic, sink: critic } },
          { ...options, residualLayers: 0 },
        );
      await update(0, sinks);
      for (const optimizer of Object.values(optimizers)) {
        await optimizer.step(options.learningRate, 0); // a norm of 0 clips nothing
      }
      const found = new Map<string, Float32Array>();
      const collect = (part: string): typeof sinks.actor => async (name, gradient) => {
        const key = `${part}.base_model.model.${name}.weight`;
        const numbers = await model.engine.read(gradient) as Float32Array;
        found.set(key, numbers.map((number, i) => number + (found.get(key)?.[i] ?? 0)));
        gradient.dispose();
      };
      await update(1, { actor: collect("policy"), critic: collect("critic") });
      for (const [key, values] of expected) assertClose(found.get(key)!, values, `gradient of ${key}`);
      assert.ok(expected.has("critic.base_model.model.score.weight"));
      await passes.critic.dispose();
      for (const optimizer of Object.values(optimizers)) await optimizer.dispose();
    }));
}

/** All gradients of one update by name. */
async function gradientsOf(model: CausalLM, lessons: readonly LessonBatch[], residualLayers: number) {
  const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
  const critic = new PpoCritic(model, await drawnCritic(model));
  const found = new Map<string, Float32Array>();
  const sink = (part: string) => async (name: string, gradient: Parameters<AdamW["addGradient"]>[1]) => {
    found.set(`${part} ${name}`, (await model.engine.read(gradient) as Float32Array).slice());
    gradient.dispose();
  };
  const actor = { passes: new PpoActor(model, adapter, 1), sink: sink("policy") };
  await learn(lessons, { actor, critic: { passes: critic, sink: sink("critic") } }, { vfCoef: 0.5, residualLayers });
  await critic.dispose();
  return found;
}

Deno.test("learn() frees all that it does not give away", () =>
  withTinyModel(async (model) => {
    const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
    const critic = await drawnCritic(model);
    const passes = { actor: new PpoActor(model, adapter, 1), critic: new PpoCritic(model, critic) };
    const resolved = resolvePpoOptions({
      ...{ model, adapter, critic, maxSteps: 1, perDeviceTrainBatchSize: 2 },
      rollout: () => Promise.resolve([]),
    });
    const models = { ...passes, reference: { model } };
    const scored = await scoreRound(models, randomEpisodes(5, 1), 0.1, resolved, {});
    const lessons = lessonsOfUpdate(scored, 0, new Random(1), resolved);
    assert.deepEqual(lessons.map(({ batch }) => batch.tokens.batch), [2, 2, 1]);
    await gradientsOf(model, lessons.slice(0, 1), 0);
    const before = model.engine.bytesInUse;
    const drop = (_: string, gradient: Parameters<AdamW["addGradient"]>[1]) => gradient.dispose();
    const learners = { actor: { passes: passes.actor, sink: drop }, critic: { passes: passes.critic, sink: drop } };
    await learn(lessons, learners, { vfCoef: 0.5, residualLayers: 0 });
    assert.equal(model.engine.bytesInUse, before);
    // Also when a gradient is refused.
    for (const refused of ["actor", "critic"] as const) {
      const refuse = (_: string, gradient: Parameters<AdamW["addGradient"]>[1]) => {
        gradient.dispose();
        throw new Error("refused");
      };
      const with_ = { ...learners, [refused]: { ...learners[refused], sink: refuse } } as typeof learners;
      await assert.rejects(learn(lessons, with_, { vfCoef: 0.5, residualLayers: 0 }), /refused/);
      assert.equal(model.engine.bytesInUse, before);
    }
    await passes.critic.dispose();
  }));

Deno.test("lessonsOfUpdate() visits every episode once an epoch, in an order of its own", () =>
  withTinyModel(async (model) => {
    const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
    const critic = await drawnCritic(model);
    const passes = { actor: new PpoActor(model, adapter, 1), critic: new PpoCritic(model, critic) };
    const resolved = resolvePpoOptions({
      ...{ model, adapter, critic, maxSteps: 1, perDeviceTrainBatchSize: 2, numMiniBatches: 3, numPpoEpochs: 2 },
      rollout: () => Promise.resolve([]),
    });
    const episodes = randomEpisodes(8, 1);
    const scored = await scoreRound({ ...passes, reference: { model } }, episodes, 0.1, resolved, {});
    const advantages = scored.lessons.flatMap((lesson) => [...lesson.advantages]).sort();
    const orders: string[] = [];
    for (const epoch of [0, 1]) {
      const updates = [0, 1, 2].map((part) => lessonsOfUpdate(scored, 3 * epoch + part, new Random(4), resolved));
      assert.deepEqual(updates.map((parts) => parts.reduce((sum, { batch }) => sum + batch.tokens.batch, 0)), [
        2,
        3,
        3,
      ]);
      const visited = updates.flat().flatMap((lesson) => [...lesson.advantages]);
      orders.push(visited.join());
      assert.deepEqual(visited.sort(), advantages);
      for (const { batch, ...numbers } of updates.flat()) {
        for (const list of Object.values(numbers)) assert.equal(list.length, batch.wanted.rows.length);
      }
    }
    assert.notEqual(orders[0], orders[1]);
    await passes.critic.dispose();
  }));
