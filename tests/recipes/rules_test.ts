import assert from "node:assert/strict";
import fc from "fast-check";
import type { Facts } from "../../lib/recipes/facts.ts";
import * as llamaFactory from "../../lib/recipes/llamafactory/rules.ts";
import { applyRules, fieldsOf, type Json, RecipeError, type Rule } from "../../lib/recipes/mapping.ts";
import * as trl from "../../lib/recipes/trl/rules.ts";
import * as verl from "../../lib/recipes/verl/added_fields.ts";
import { grpoRules } from "../../lib/recipes/verl/grpo_rules.ts";
import { ppoRules } from "../../lib/recipes/verl/ppo_rules.ts";
import { sftRules } from "../../lib/recipes/verl/sft_rules.ts";
import { DPO_LOSS_TYPES } from "../../lib/train/mod.ts";
import { problemsOf } from "./fields.ts";
import { optionNames } from "./option_names.ts";

type Rules = Readonly<Record<string, Rule<Facts>>>;

const RULES: Readonly<Record<string, Readonly<Record<string, Rules>>>> = {
  trl: { sft: trl.sftRules, grpo: trl.grpoRules, dpo: trl.dpoRules },
  llamafactory: { sft: llamaFactory.sftRules, dpo: llamaFactory.dpoRules },
  verl: { sft: sftRules, grpo: grpoRules, ppo: ppoRules },
};

const TYPES = { sft: "SftOptions", grpo: "GrpoOptions", dpo: "DpoOptions", ppo: "PpoOptions" } as const;

const SOURCES = [
  ..."sft sft_batches grpo_options grpo_loss dpo_options dpo_loss_options ppo_options ppo_advantages ppo_kl".split(" "),
  ..."gae ppo_loss step optimizer_options best_metric rollout/scored_completions".split(" "),
].map((name) => `lib/train/${name}.ts`).concat("lib/kernels/selective_log_prob.ts");

Deno.test("every option of every trainer has a rule for each tool that has the method, and no rule is about nothing", async () => {
  const options = await optionNames(SOURCES, Object.values(TYPES));
  assert.ok(options.SftOptions.length > 40 && options.GrpoOptions.length > 50, "deno doc shows the options");
  for (const [tool, methods] of Object.entries(RULES)) {
    for (const [method, rules] of Object.entries(methods)) {
      assert.deepEqual(Object.keys(rules).sort(), options[TYPES[method as keyof typeof TYPES]], `${tool}, ${method}`);
    }
  }
});

/** Values that the trainers take, each as often as the others, by option. */
const COMMON = {
  optim: ["adamw", "adamw8bit", "muon"],
  muonMomentum: [0.95],
  adamBeta1: [0.9, 0.8],
  adamBeta2: [0.999],
  adamEpsilon: [1e-8, 1e-6],
  weightDecay: [0, 0.01],
  maxGradNorm: [1, 0],
  saveSteps: [500, 7],
  saveTotalLimit: [null, 2],
  loadBestModelAtEnd: [false, true],
  metricForBestModel: [null, "eval_loss"],
  greaterIsBetter: [null, true],
  earlyStoppingPatience: [null, 3],
  earlyStoppingThreshold: [0, 0.01],
  numTrainEpochs: [3, 0.5],
  maxSteps: [-1, 40],
  learningRate: [1e-6, 2e-4],
  lrSchedulerType: ["linear", "cosine", "constant", "constant_with_warmup"],
  warmupSteps: [0, 0.1, 5],
  seed: [42],
  shuffle: [true, false],
  evalSteps: [0, 5],
  lossLimit: [null, 20],
  gradientCheckpointing: ["auto", true, false],
  memoryBudget: [null, 1e9],
  padTokenId: [0],
  maxLength: [1024, null],
  packing: [true, false],
} satisfies Record<string, Json[]>;

const OWN: Record<string, Record<string, Json[]>> = {
  sft: {
    packingStrategy: ["bfd", "bfd_split"],
    groupByLength: [true, false],
    lossType: ["nll", "dft"],
    labelSmoothingFactor: [0, 0.1],
    neftuneNoiseAlpha: [0, 5],
    perDeviceEvalBatchSize: [8],
  },
  grpo: {
    numGenerations: [4],
    stepsPerGeneration: [4, 8],
    numIterations: [1, 2],
    temperature: [1],
    maxCompletionLength: [64],
    maskTruncatedCompletions: [true, false],
    lossType: ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo"],
    importanceSamplingLevel: ["token", "sequence"],
    epsilon: [0.2],
    epsilonHigh: [0.2, 5],
    delta: [null, 4],
    beta: [0, 0.04],
    useBiasCorrectionKl: [true, false],
    sapoTemperaturePos: [1],
    sapoTemperatureNeg: [1.05],
    scaleRewards: ["group", "batch", "none"],
    rewards: [["correctness", "format"]],
    rewardWeights: [[1, 0.5]],
    evaluate: [null, true],
    prefill: ["", "<think>\n"],
    sampler: [
      { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
      { temperature: 1, topK: 50, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1 },
      true,
    ],
  },
  dpo: {
    lossType: [...DPO_LOSS_TYPES.map((type) => [type]), ["sigmoid", "sft"], ["sigmoid", "hinge"]],
    lossWeights: [[1, 1], [1, 0.5]],
    rpoAlpha: [0, 0.5],
    beta: [0.1],
    labelSmoothing: [0, 0.1],
    simpoGamma: [0.5],
    discopopTau: [0.05],
    fDivergenceType: ["reverse_kl", "alpha_divergence"],
    fAlphaDivergenceCoef: [0.5],
    precomputeRefLogProbs: [true, false],
    perDeviceEvalBatchSize: [8],
  },
  ppo: {
    critic: [{ r: 4, modules: ["q_proj"], scaling: 2 }],
    criticLearningRate: [1e-5],
    numTotalBatches: [10, null],
    numPpoEpochs: [1, 4],
    numMiniBatches: [1, 2],
    vfCoef: [0.1],
    temperature: [1],
    gamma: [1, 0.99],
    lam: [0.95],
    klCoef: [0, 0.05],
    klEstimator: ["k1", "k3"],
    adapKlCtrl: [true, false],
    target: [6],
    horizon: [10_000],
    whitenRewards: [true, false],
    missingEosPenalty: [0, 1],
    rewardClipRange: [null, [-10, 10]],
    cliprange: [0.2],
    cliprangeValue: [0.2],
    evaluate: [null, true],
  },
};

function anyFacts(method: string): fc.Arbitrary<Facts> {
  const values = fc.record(
    Object.fromEntries(
      Object.entries({ ...COMMON, ...OWN[method] }).map(([name, known]) => [name, fc.constantFrom<Json>(...known)]),
    ),
  );
  const adapter = fc.constantFrom(
    null,
    {
      r: 4,
      loraAlpha: 8,
      useRslora: true,
      targetModules: ["q_proj"],
      tables: [],
      trainableTokenIndices: [],
      begunBefore: false,
    },
    {
      r: 8,
      loraAlpha: 8,
      useRslora: false,
      targetModules: ["q_proj", "v_proj"],
      tables: [],
      trainableTokenIndices: [],
      begunBefore: true,
    },
    {
      r: 8,
      loraAlpha: 8,
      useRslora: false,
      targetModules: ["q_proj"],
      tables: ["model.embed_tokens.weight"],
      trainableTokenIndices: [],
      begunBefore: false,
    },
    {
      r: 8,
      loraAlpha: 8,
      useRslora: false,
      targetModules: ["q_proj"],
      tables: [],
      trainableTokenIndices: [3, 4],
      begunBefore: false,
    },
  );
  const episodes = fc.constantFrom(
    { kind: "completions", promptsPerRound: 8, numGenerations: 2, sampler: { maxCompletionLength: 32 } },
    { kind: "R3-RAG", questionsPerRound: 8, samples: 4, maxTurnTokens: 96 },
  );
  const weights = fc.constantFrom("float32", "float16", "8bit", "4bit");
  const flags = fc.record({
    hasEvalData: fc.boolean(),
    isKnown: fc.boolean(),
    server: fc.boolean(),
    low: fc.boolean(),
  });
  return fc.tuple(values, adapter, episodes, weights, flags).map(([values, adapter, episodes, weights, flags]) => {
    const reward = {
      weight: 1,
      known: flags.isKnown ? { name: "gsm8kTagRewards.format", prefill: "" } : null,
      source: "() => 1",
    };
    if (method === "dpo") values.lossWeights = (values.lossType as string[]).map((_, i) => i === 0 ? 1 : 0.5);
    return {
      method,
      values: { ...values, gradientAccumulationSteps: 4, perDeviceTrainBatchSize: 4 },
      batch: { gpus: 2, perDevice: 4, accumulation: 2, global: 16 },
      model: "org/model",
      dtype: flags.low ? "bfloat16" : "float32",
      hasEvalData: flags.hasEvalData && method !== "grpo" && method !== "ppo",
      startAdapter: adapter?.begunBefore ? "start_adapter" : null,
      promptTokens: 30,
      vllmMode: flags.server ? "server" : "colocate",
      record: {
        totalSteps: 40,
        stepsPerEpoch: method === "ppo" ? null : 13,
        model: {
          baseModel: null,
          parameters: 1e6,
          precision: { weights },
          shape: { vocabSize: 99, maxPositions: 2048 },
        },
        adapter,
        data: { train: { rows: 200, numbers: 1000, file: "train_data.jsonl" }, evaluation: null },
        rewards: { correctness: reward, format: reward },
        episodes,
        hasReferenceModel: false,
      },
    } as unknown as Facts;
  });
}

function added(tool: string, facts: Facts) {
  if (tool === "trl") return trl.addedFields(facts);
  return tool === "verl" ? verl.addedFields(facts, "run-001") : llamaFactory.addedFields(facts, "deepspeed_zero2.json");
}

for (const [tool, methods] of Object.entries(RULES)) {
  for (const [method, rules] of Object.entries(methods)) {
    Deno.test(`${method} for ${tool}: whatever the options, each is in one list, and ${tool} knows all fields and their choices`, () => {
      let written = 0;
      fc.assert(
        fc.property(anyFacts(method), (facts) => {
          let options;
          try {
            const known = Object.entries(facts.values).filter(([name]) => name in rules);
            options = applyRules(rules, Object.fromEntries(known), facts);
          } catch (error) {
            // What cannot be said is refused, with the option's name and a reason.
            if (!(error instanceof RecipeError)) throw error;
            assert.match(error.message, /^\w+( [^:]+)?: .{10}/);
            assert.ok(error.message.split(/[ :]/)[0] in rules, error.message);
            return;
          }
          written++;
          assert.deepEqual(options.map(({ option }) => option).sort(), Object.keys(rules).sort());
          for (const { status, note, fields, option } of options) {
            assert.ok(["mapped", "implied", "unmapped"].includes(status));
            if (status === "mapped") assert.ok(Object.keys(fields).length > 0, option);
            else assert.ok(note.length > 2, `${option} says why`);
          }
          assert.deepEqual(problemsOf(tool, method, fieldsOf({ options, added: added(tool, facts) })), []);
        }),
        { numRuns: 300 },
      );
      assert.ok(written > 0, "all were refused");
    });
  }
}

Deno.test("problemsOf() finds a field that a tool does not know, and a value that is none of its choices", () => {
  assert.deepEqual(problemsOf("trl", "sft", { learning_rte: 1 }), ["learning_rte: unknown"]);
  assert.match(problemsOf("trl", "sft", { loss_type: "mse" })[0], /loss_type: mse is none of nll/);
  assert.match(problemsOf("llamafactory", "dpo", { pref_loss: "robust" })[0], /none of sigmoid/);
  assert.deepEqual(problemsOf("verl", "grpo", { "actor_rollout_ref.actor.clip": 1 }), [
    "actor_rollout_ref.actor.clip: unknown",
  ]);
});

Deno.test("fieldsOf() does not let two options set one field to different values", () => {
  const row = { value: 1, status: "mapped" as const, note: "", matters: false };
  const options = [{ ...row, option: "a", fields: { x: 1 } }, { ...row, option: "b", fields: { x: 2 } }];
  assert.throws(() => fieldsOf({ options, added: [] }), /b sets x to 2, and it is 1 already/);
});
