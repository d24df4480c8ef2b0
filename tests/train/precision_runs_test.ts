/** Runs on frozen weights of few bits: what they are measured against, and what they are resumed with. */
import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import type { CompileOptions } from "../../lib/engine/mod.ts";
import { type CausalLM, loadModel, type PrecisionOptions } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { createPolicy } from "../../lib/train/grpo_policy.ts";
import { grpo, localSampler, sft, type SftOptions } from "../../lib/train/mod.ts";
import { EngineAround } from "../support/engine_around.ts";
import { assertClose } from "../support/golden.ts";
import { roundedModel } from "../support/rounded_model.ts";
import {
  collect,
  idTokenizer,
  inFolder,
  randomExamples,
  TINY_MODEL,
  withEngine,
  withTinyModel,
} from "../support/tiny_model.ts";

/** Metrics of GRPO with a reference, two updates a round, on a sampler that truncates. */
async function grpoMetrics(model: CausalLM) {
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const sampler = localSampler({ model, adapter, maxCompletionLength: 5, seed: 3, topK: 20, topP: 0.95 });
  const steps = await collect(grpo({
    ...{ model, adapter, sampler: sampler.sample, tokenizer: idTokenizer, beta: 0.2, numIterations: 2 },
    trainDataset: randomExamples(4).map(({ ids }) => ({ prompt: ids.slice(0, 3).join(" ") })),
    rewards: { even: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length) },
    ...{ numGenerations: 4, perDeviceTrainBatchSize: 8, maxCompletionLength: 5, maxSteps: 4, learningRate: 1e-2 },
  }));
  await sampler.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  const numbers = (name: string) => steps.map(({ metrics }) => metrics[name]);
  return {
    written: steps.flatMap(({ rollouts }) => rollouts.map(({ completion }) => completion)),
    kl: numbers("kl"),
    losses: numbers("loss"),
    norms: numbers("grad_norm"),
  };
}

for (const precision of [{ weights: "4bit" }, { weights: "8bit" }, { weights: "float16" }] as const) {
  Deno.test(`grpo() in ${precision.weights} measures its distance from the frozen base, without the adapter`, () =>
    withEngine(async (engine) => {
      const of = async (model: CausalLM) => {
        const result = await grpoMetrics(model);
        await model.dispose();
        assert.equal(engine.bytesInUse, 0, "all is freed");
        return result;
      };
      const expected = await of(await roundedModel(TINY_MODEL, engine, precision));
      const found = await of(await loadModel(TINY_MODEL, { engine, precision }));
      assert.deepEqual(found.written, expected.written);
      // A reference with the adapter would be as far as the round's beginning: nowhere at its first update.
      assert.ok(Math.abs(found.kl[0]) < 1e-6 && found.kl[2] > 1e-4, `${found.kl}`);
      assertClose(found.kl, expected.kl, "kl", 1e-3);
      assertClose(found.losses, expected.losses, "losses", 1e-3);
      assertClose(found.norms, expected.norms, "norms", 1e-3);
    }));
}

Deno.test("GRPO's policy frees what it scored with when scoring fails", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const policy = await createPolicy({ model, adapter, beta: 0.1 });
    const rollout = { promptIds: [3, 4], completionIds: [5, 6], terminated: true };
    const rest = { prompt: "", completion: "", rewards: {}, reward: 0, advantage: 0 };
    const part = policy.prepare([{ ...rollout, ...rest }]);
    await policy.scoreFixed(part, false); // makes what stays
    const before = model.engine.bytesInUse;
    part.wanted = { ...part.wanted, targets: part.wanted.targets.map(() => model.config.vocabSize) };
    for (const onPolicy of [false, true]) {
      await assert.rejects(policy.scoreFixed(part, onPolicy), /96/);
      assert.equal(model.engine.bytesInUse, before);
    }
    await policy.dispose();
  }));

Deno.test("sft() is not resumed with weights of another precision, and each difference is named", () =>
  inFolder((outputDir) =>
    withEngine(async (engine) => {
      const run = async (precision: PrecisionOptions, change: Partial<SftOptions> = {}) => {
        const model = await loadModel(TINY_MODEL, { engine, precision });
        const adapter = await createLora(model, new Random(1), { r: 2 });
        const options = { model, adapter, trainDataset: randomExamples(8), outputDir, resumeFromCheckpoint: true };
        try {
          return (await collect(sft({ ...options, maxSteps: 1, ...change }))).length;
        } finally {
          adapter.factors.forEach((factor) => factor.dispose());
          await model.dispose();
        }
      };
      assert.equal(await run({ weights: "4bit" }), 1);
      const others: [PrecisionOptions, RegExp][] = [
        [{ weights: "float32" }, /model\.precision\.weights was "4bit" and is off/],
        [{ weights: "8bit" }, /model\.precision\.weights was "4bit" and is "8bit"/],
        [{ weights: "4bit", symmetric: false }, /model\.precision\.symmetric was true and is off/],
      ];
      for (const [precision, message] of others) {
        for (const resumeWithChanges of [false, true]) {
          await assert.rejects(run(precision, { maxSteps: 2, resumeWithChanges }), (error: Error) => {
            assert.match(error.message, message);
            assert.match(error.message, /Resume with what it was made with/);
            return true;
          });
        }
      }
      assert.equal(await run({ weights: "4bit" }, { maxSteps: 2 }), 1);
      assert.equal(engine.bytesInUse, 0);
    })
  ));

Deno.test("localSampler() freezes weights that no training changes: of few bits, or with an adapter", () =>
  withEngine(async (engine) => {
    class Watched extends EngineAround {
      frozen = 0;
      override compile(options: CompileOptions) {
        this.frozen += Object.keys(options.initializers ?? {}).length;
        return super.compile(options);
      }
    }
    const frozenBy = async (precision: PrecisionOptions, hasAdapter: boolean) => {
      const watched = new Watched(engine);
      const model = await loadModel(TINY_MODEL, { engine: watched, precision });
      const adapter = hasAdapter ? await createLora(model, new Random(1), { r: 2 }) : null;
      const sampler = localSampler({ model, adapter, maxCompletionLength: 2 });
      await sampler.sample({ prompts: [[3]], samples: 1, round: 0 });
      await sampler.dispose();
      adapter?.factors.forEach((factor) => factor.dispose());
      await model.dispose();
      return watched.frozen > 0;
    };
    assert.deepEqual(
      [
        await frozenBy({ weights: "float32" }, false),
        await frozenBy({ weights: "float32" }, true),
        await frozenBy({ weights: "4bit" }, false),
        await frozenBy({ weights: "4bit" }, true),
      ],
      [false, true, true, true],
    );
  }));
