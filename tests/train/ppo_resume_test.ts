import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { loadCritic, type PpoOptions } from "../../lib/train/mod.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { inFolder, numbersOf, withTinyModel } from "../support/tiny_model.ts";
import { drawnCritic, randomEpisodes, train } from "./ppo_runs.ts";

for (const [where, stopAfter] of [["in a round", 6], ["between two rounds", 4]] as const) {
  Deno.test(`ppo() resumed ${where} has the uninterrupted run's curve, policy and critic bit for bit`, () =>
    withTinyModel(async (model) => {
      const options = { numTotalBatches: 3, adapKlCtrl: true, horizon: 20, target: 0.1, warmupSteps: 2 } as const;
      const whole = await train(model, options);
      await inFolder(async (outputDir) => {
        // A step is saved when the next one is asked for.
        const first = await train(model, { ...options, outputDir, saveSteps: 2, saveTotalLimit: 1 }, stopAfter + 1);
        const asked: number[] = [];
        const rest = await train(model, {
          ...options,
          outputDir,
          saveSteps: 2,
          resumeFromCheckpoint: true,
          rollout: (round) => {
            asked.push(round);
            return Promise.resolve(randomEpisodes(7, round));
          },
        });
        assert.deepEqual(asked, stopAfter % 4 === 0 ? [1, 2] : [2], "rounds that were played anew");
        assert.deepEqual([...first.curve.slice(0, stopAfter), ...rest.curve.slice(stopAfter)], whole.curve);
        assertSameNumbers(rest.actor, whole.actor, "policy");
        assertSameNumbers(rest.critic, whole.critic, "critic");
      });
    }));
}

Deno.test("ppo() refuses to resume with another critic, other options, or a damaged critic", () =>
  withTinyModel(async (model) => {
    await inFolder(async (outputDir) => {
      await train(model, { outputDir, maxSteps: 1 });
      const again = (options: Partial<PpoOptions>) =>
        train(model, { outputDir, maxSteps: 2, resumeFromCheckpoint: true, ...options });
      await assert.rejects(again({ klCoef: 0.3 }), /klCoef was 0.2 and is 0.3/);
      await assert.rejects(again({ rewardClipRange: [-1, 1] }), /rewardClipRange was off and is \[-1,1\]/);
      await assert.rejects(again({ rolloutFingerprint: { seed: 2 } }), /rollout.seed was off and is 2/);
      const critic = await drawnCritic(model);
      await assert.rejects(again({ critic: { ...critic, scaling: 3 } }), /critic.scaling was 4 and is 3/);
      const adapter = await createLora(model, new Random(1), { r: 4 });
      await assert.rejects(again({ adapter }), /trained.r was 2 and is 4/);
      assert.equal(Object.keys((await again({})).curve).length, 1);
      const file = `${outputDir}/checkpoint-2/critic/adapter_model.safetensors`;
      const bytes = await Deno.readFile(file);
      bytes[bytes.length - 1] ^= 1;
      await Deno.writeFile(file, bytes);
      await assert.rejects(
        again({ maxSteps: 3 }),
        /checkpoint-2\/critic: adapter_model.safetensors is damaged; resume from another checkpoint/,
      );
    });
  }));

Deno.test("ppo() that is stopped by a signal saves policy and critic of the same step", () =>
  withTinyModel(async (model) => {
    const options = { numTotalBatches: 2, lrSchedulerType: "constant" } as const;
    const whole = await train(model, options);
    await inFolder(async (outputDir) => {
      const controller = new AbortController();
      const rollout = (round: number) => {
        if (round === 1) controller.abort(new Error("stopped"));
        return Promise.resolve(randomEpisodes(7, round));
      };
      await assert.rejects(train(model, { ...options, outputDir, rollout, signal: controller.signal }), /stopped/);
      const rest = await train(model, { ...options, outputDir, resumeFromCheckpoint: true });
      assert.deepEqual(rest.curve.slice(4), whole.curve.slice(4));
      assertSameNumbers(rest.actor, whole.actor, "policy");
      assertSameNumbers(rest.critic, whole.critic, "critic");
      assert.equal(rest.curve[3], undefined, "the first round is not played again");
    });
  }));

Deno.test("ppo() evaluates, and its checkpoints hold policy, critic and tokenizer", () =>
  withTinyModel(async (model) => {
    await inFolder(async (outputDir) => {
      const processingClass = { save: (folder: string) => Deno.writeTextFile(`${folder}/tokenizer.json`, "{}") };
      const { curve, notes, critic } = await train(model, {
        ...{ outputDir, processingClass, maxSteps: 3, evalSteps: 2 },
        evaluate: () => Promise.resolve({ exact_match: 0.5 }),
      });
      assert.deepEqual(curve.map(({ eval_exact_match: value }) => value), [undefined, 0.5, 0.5]);
      assert.ok(notes.includes("reference: the model with the adapter off"), `${notes}`);
      const folder = `${outputDir}/checkpoint-3`;
      const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
      for (const name of ["adapter_model.safetensors", "critic", "ppo_state.json", "tokenizer.json"]) {
        assert.ok(names.includes(name), `${name} is among ${names}`);
      }
      const loaded = await loadCritic(model, `${folder}/critic`);
      assertSameNumbers(await numbersOf(model, loaded.factors), critic, "critic");
    });
  }));
