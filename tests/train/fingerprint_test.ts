import assert from "node:assert/strict";
import { createLora } from "../../lib/adapters/mod.ts";
import { createModel, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { examplesDigest, fingerprintOf } from "../../lib/train/checkpoint/mod.ts";
import { grpoFingerprint } from "../../lib/train/grpo_options.ts";
import { type GrpoOptions, sft, type SftOptions, type TokenizedExample } from "../../lib/train/mod.ts";
import { FarEngine } from "../support/far_engine.ts";
import {
  collect,
  idTokenizer,
  inFolder,
  randomExamples,
  TINY_MODEL,
  withEngine,
  withTinyModel,
} from "../support/tiny_model.ts";

const row = (ids: number[], mask: string): TokenizedExample => ({ ids, lossMask: [...mask].map((bit) => bit === "1") });

Deno.test("examplesDigest() is another one for other ids, masks, order, or borders between rows, and no other", () => {
  const rows = [row([3, 4, 5], "011"), row([6, 7], "01")];
  const others = [
    [row([3, 4, 6], "011"), rows[1]],
    [row([3, 4, 5], "001"), rows[1]],
    [rows[1], rows[0]],
    [row([3, 4], "01"), row([5, 6, 7], "101")],
    [rows[0]],
    [...rows, rows[1]],
    [row([3, 4, 5 + 2 ** 16], "011"), rows[1]],
  ];
  const digests = new Set([rows, ...others].map(examplesDigest));
  assert.equal(digests.size, 1 + others.length);
  assert.ok(digests.has(examplesDigest(structuredClone(rows))));
});

Deno.test("fingerprintOf() notices a change anywhere in the weights that training leaves alone, where they matter", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
    const of = (hasFrozenWeights = true) => fingerprintOf(model, adapter, { trainer: "sft" }, hasFrozenWeights);
    const first = await of();
    assert.deepEqual(await of(), first);
    assert.equal((await of(false)).baseWeights, undefined);
    for (const [name, tensor] of model.weights) {
      const numbers = tensor.data as Float32Array;
      // One number in 61 is looked at: another model differs in more than one.
      for (const from of [0, Math.floor(numbers.length / 2)]) {
        const before = numbers.slice();
        for (let i = from; i < Math.min(from + 61, numbers.length); i++) numbers[i] += 1e-3;
        const { baseWeights, ...rest } = await of();
        const isSeen = from === 0 || numbers.length - from >= 61;
        if (isSeen) assert.notEqual(baseWeights, first.baseWeights, `${name} from ${from}`);
        assert.deepEqual({ ...rest, baseWeights: first.baseWeights }, first);
        numbers.set(before);
      }
    }
    assert.deepEqual(await of(), first);
  }));

Deno.test("fingerprintOf() is the same on every device, so that a run may go on elsewhere", async () => {
  const digests: unknown[] = [];
  for (const isFar of [false, true]) {
    await withEngine(async (near) => {
      const engine = isFar ? new FarEngine(near) : near;
      const { config } = await loadModel(TINY_MODEL, { engine: near });
      // A table of several megabytes, as every real model has.
      const model = await createModel({ ...config, vocabSize: 50_000 }, { engine, random: new Random(1) });
      const adapter = await createLora(model, new Random(1), { r: 2 });
      digests.push((await fingerprintOf(model, adapter, {}, true)).baseWeights);
      await model.dispose();
    });
  }
  assert.equal(digests[0], digests[1]);
});

Deno.test("sft() is not resumed with any other option that decides its curve, and each is named", () =>
  withTinyModel((model) =>
    inFolder(async (outputDir) => {
      const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
      const options: SftOptions = {
        ...{ model, adapter, trainDataset: randomExamples(12), outputDir, resumeFromCheckpoint: true, maxSteps: 1 },
        ...{ packing: true, maxLength: 32, learningRate: 1e-3 },
      };
      await collect(sft(options));
      const changes: Partial<SftOptions>[] = [
        { perDeviceTrainBatchSize: 4 },
        { gradientAccumulationSteps: 2 },
        { learningRate: 2e-3 },
        { lrSchedulerType: "cosine" },
        { warmupSteps: 1 },
        { seed: 7 },
        { shuffle: false },
        { optim: "adamw8bit" },
        { adamBeta1: 0.8 },
        { adamBeta2: 0.9 },
        { adamEpsilon: 1e-6 },
        { weightDecay: 0.1 },
        { maxGradNorm: 0 },
        { maxLength: 16 },
        { packing: false },
        { packingStrategy: "bfd_split" },
        { groupByLength: true },
        { lossType: "dft" },
        { labelSmoothingFactor: 0.1 },
        { neftuneNoiseAlpha: 5 },
        { padTokenId: 3 },
        { trainDataset: randomExamples(13) },
      ];
      for (const change of changes) {
        const [name] = Object.keys(change);
        await assert.rejects(
          collect(sft({ ...options, ...change })),
          (error: Error) => new RegExp(`belongs to another run: ${name} was [^;]* and is [^;]*$`).test(error.message),
          name,
        );
      }
      assert.deepEqual(await collect(sft({ ...options, lossType: "nll", perDeviceTrainBatchSize: 8 })), []);
    })
  ));

Deno.test("grpoFingerprint() has every option that decides the curve, with the defaults that it stands for", () =>
  withTinyModel((model) => {
    const sampler: GrpoOptions<object>["sampler"] = () => Promise.resolve([]);
    const options: GrpoOptions<object> = {
      ...{ model, tokenizer: idTokenizer, sampler, trainDataset: [{ prompt: "3 4" }, { prompt: "5" }] },
      rewards: { first: () => [], second: () => [] },
    };
    const first = grpoFingerprint(options);
    const defaults: Partial<GrpoOptions<object>> = {
      ...{ learningRate: 1e-6, numGenerations: 8, stepsPerGeneration: 1, numIterations: 1, temperature: 1 },
      ...{
        maxCompletionLength: 512,
        maskTruncatedCompletions: false,
        lossType: "dapo",
        epsilon: 0.2,
        epsilonHigh: 0.2,
      },
      ...{ importanceSamplingLevel: "token", delta: null, beta: 0, useBiasCorrectionKl: false, sapoTemperaturePos: 1 },
      ...{ sapoTemperatureNeg: 1.05, scaleRewards: "group", prefill: "", rewardWeights: { first: 1 }, padTokenId: 0 },
    };
    assert.deepEqual(grpoFingerprint({ ...options, ...defaults }), first);
    const changes: Partial<GrpoOptions<object>>[] = [
      ...[{ learningRate: 1e-5 }, { seed: 7 }, { weightDecay: 0.1 }, { numGenerations: 4 }, { stepsPerGeneration: 2 }],
      ...[{ numIterations: 2 }, { temperature: 0.9 }, { maxCompletionLength: 256 }, { maskTruncatedCompletions: true }],
      ...[{ lossType: "grpo" }, { importanceSamplingLevel: "sequence" }, { epsilon: 0.1 }, {
        epsilonHigh: 0.3,
      }] as const,
      ...[{ delta: 2 }, { beta: 0.1 }, { useBiasCorrectionKl: true }, { sapoTemperaturePos: 2 }],
      ...[{ sapoTemperatureNeg: 2 }, { scaleRewards: "none" }, { prefill: "7" }, { padTokenId: 1 }] as const,
      ...[{ rewardWeights: { first: 2 } }, { rewards: { first: () => [] } }, { trainDataset: [{ prompt: "3 4" }] }],
      { sampler: Object.assign(() => Promise.resolve([]), { fingerprint: { seed: 1 } }) },
      { tokenizer: { ...idTokenizer, encode: (text: string) => [9, ...idTokenizer.encode(text)] } },
    ];
    for (const change of changes) {
      assert.notDeepEqual(grpoFingerprint({ ...options, ...change }), first, Object.keys(change)[0]);
    }
    return Promise.resolve();
  }));
