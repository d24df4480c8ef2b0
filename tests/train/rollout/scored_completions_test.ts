import assert from "node:assert/strict";
import {
  evaluatePolicy,
  grpo,
  type PromptTokenizer,
  type RewardBatch,
  type RewardFunction,
  type RolloutOptions,
  rolloutScorer,
  type SampledCompletion,
  type Sampler,
} from "../../../lib/train/mod.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { collect, EOS, idTokenizer, numbersOf, withTinyModel } from "../../support/tiny_model.ts";

type Columns = { answer: string; level?: number };

const rows = [
  { prompt: "5 6", answer: "first", level: 1 },
  { prompt: "7", answer: "second" },
  { prompt: "8 9 10", answer: "third", level: 3 },
];

/** Completions that say which prompt and which sample they are, the last of each prompt cut off. */
const counting: Sampler = ({ prompts, samples }) =>
  Promise.resolve(prompts.flatMap((_, prompt) =>
    Array.from({ length: samples }, (_, sample): SampledCompletion => {
      const terminated = sample < samples - 1;
      return { tokenIds: [20 + prompt, 40 + sample, ...(terminated ? [EOS] : [])], terminated };
    })
  ));

function scorer(changes: Partial<RolloutOptions<Columns>> = {}) {
  const rewards: Record<string, RewardFunction<Columns>> = {
    zero: ({ completions }) => completions.map(() => 0),
  };
  return rolloutScorer<Columns>({ tokenizer: idTokenizer, rewards, numGenerations: 2, ...changes });
}

Deno.test("rolloutScorer() gives rewards each completion with its own prompt and columns", async () => {
  const seen: RewardBatch<Columns>[] = [];
  const roll = scorer({
    rewards: {
      look: (batch) => {
        seen.push(batch);
        return batch.completions.map((_, i) => i);
      },
    },
  });
  const { rollouts } = await roll(rows, counting, 0);
  const [batch] = seen;
  assert.deepEqual(batch.prompts, ["5 6", "5 6", "7", "7", "8 9 10", "8 9 10"]);
  assert.deepEqual(batch.completions, ["20 40", "20 41", "21 40", "21 41", "22 40", "22 41"]);
  assert.deepEqual(batch.completionIds[0], [20, 40, EOS]);
  assert.deepEqual(batch.answer, ["first", "first", "second", "second", "third", "third"]);
  assert.deepEqual(batch.level, [1, 1, undefined, undefined, 3, 3]);
  assert.ok(!("prompt" in batch));
  assert.deepEqual(rollouts.map(({ reward }) => reward), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(rollouts.map(({ promptIds }) => promptIds.length), [2, 2, 1, 1, 3, 3]);
  assert.deepEqual(rollouts.map(({ completion }) => completion), batch.completions);
});

Deno.test("rolloutScorer() lets the tokenizer put its special tokens around a text, but not around a rendered chat", async () => {
  const BEGIN = 3;
  const encode: PromptTokenizer["encode"] = (text, { addSpecialTokens = false } = {}) => [
    ...(addSpecialTokens ? [BEGIN] : []),
    ...idTokenizer.encode(text),
  ];
  const roll = scorer({ tokenizer: { ...idTokenizer, encode } });
  const { rollouts } = await roll(
    [{ prompt: "5 6" }, { prompt: [{ role: "user", content: "7" }] }] as never,
    counting,
    0,
  );
  assert.deepEqual(rollouts.map(({ promptIds }) => promptIds), [[3, 5, 6], [3, 5, 6], [7], [7]]);
});

Deno.test("rolloutScorer() measures lengths with the end token, and what was cut off", async () => {
  const { metrics } = await scorer()(rows, counting, 0);
  assert.equal(metrics["completions/mean_length"], 2.5);
  assert.equal(metrics["completions/min_length"], 2);
  assert.equal(metrics["completions/max_length"], 3);
  assert.equal(metrics["completions/mean_terminated_length"], 3);
  assert.equal(metrics["completions/clipped_ratio"], 0.5);
});

Deno.test("rolloutScorer() ends the prompt with the prefill, which is not part of the completion", async () => {
  const tokenizer = tinyTokenizer();
  let [asked, given]: [readonly number[], string[]] = [[], []];
  const sampler: Sampler = ({ prompts, samples }) => {
    asked = prompts[0];
    return Promise.resolve(
      Array.from({ length: samples }, () => ({ tokenIds: tokenizer.encode("dog"), terminated: true })),
    );
  };
  const roll = rolloutScorer({
    tokenizer,
    prefill: "<think>\n",
    numGenerations: 2,
    rewards: {
      look: ({ prompts, completions }) => {
        given = [...prompts, ...completions];
        return completions.map(() => 1);
      },
    },
  });
  await roll([{ prompt: [{ role: "user", content: "the cat" }] }], sampler, 0);
  const text = "<|im_start|>user\nthe cat<|im_end|>\n<|im_start|>assistant\n<think>\n";
  assert.ok(given[0].endsWith(text), given[0]);
  assert.equal(tokenizer.decode(asked), given[0]);
  assert.deepEqual(given.slice(1), [given[0], "dog", "dog"]);

  await roll([{ prompt: "a cat sat: " }], sampler, 0);
  assert.equal(given[0], "a cat sat: <think>\n");
});

Deno.test("rolloutScorer() leaves ids that have no text out of the text, and keeps them as ids", async () => {
  const tokenizer = tinyTokenizer();
  const ids = [...tokenizer.encode("dog"), tokenizer.vocabSize + 3];
  const roll = rolloutScorer({
    tokenizer,
    numGenerations: 2,
    rewards: { one: ({ completions }) => completions.map(() => 1) },
  });
  const completion = { tokenIds: ids, terminated: false };
  const { rollouts } = await roll([{ prompt: "cat" }], () => Promise.resolve([completion, completion]), 0);
  assert.equal(rollouts[0].completion, "dog");
  assert.deepEqual(rollouts[0].completionIds, ids);
});

Deno.test("rolloutScorer() takes null for no reward: out of the mean, the group and the advantages", async () => {
  const roll = scorer({
    scaleRewards: "none",
    rewards: {
      even: ({ completions }) => completions.map((_, i) => i % 2 === 0 ? null : i),
      first: ({ completions }) => completions.map((_, i) => i === 0 ? 4 : null),
    },
    rewardWeights: { first: 0.5 },
  });
  const { rollouts, metrics } = await roll(rows, counting, 0);
  assert.deepEqual(rollouts.map(({ reward }) => reward), [2, 1, null, 3, null, 5]);
  assert.deepEqual(rollouts.map(({ advantage }) => advantage), [0.5, -0.5, 0, 0, 0, 0]);
  assert.deepEqual(rollouts[0].rewards, { even: null, first: 4 });
  assert.equal(metrics["rewards/even/mean"], 3);
  assert.equal(metrics["rewards/first/mean"], 4);
  assert.equal(metrics["rewards/first/std"], 0);
});

Deno.test("grpo() names the row of its data set that has no prompt, before it samples", () =>
  withTinyModel(async (model) => {
    const bad = { question: "5 6", answer: "first" } as unknown as (typeof rows)[number];
    const run = grpo<Columns>({
      ...{ model, tokenizer: idTokenizer, trainDataset: [...rows, bad], rewards: { one: () => [1] } },
      ...{ numGenerations: 2, perDeviceTrainBatchSize: 2, maxSteps: 1 },
      sampler: () => Promise.reject(new Error("sampled")),
    });
    const expected = /trainDataset, row 3: expected a column "prompt" .*; its columns are "question", "answer"/;
    await assert.rejects(collect(run), expected);
  }));

Deno.test("rolloutScorer() refuses what a sampler or a data set gives that does not fit", async () => {
  const few: Sampler = async (request) => (await counting(request)).slice(1);
  await assert.rejects(scorer()(rows, few, 0), /gave 5 completions: expected 2 for each of 3 prompts/);
  const many: Sampler = async (request) => [...await counting(request), { tokenIds: [5], terminated: true }];
  await assert.rejects(scorer()(rows, many, 0), /gave 7 completions/);
  await assert.rejects(
    scorer()([...rows, { prompt: "", answer: "" }], counting, 0),
    /row 3 of the batch: the prompt has no token/,
  );
  const taken = { prompt: "5", answer: "", completions: "mine" };
  await assert.rejects(
    scorer()([taken], counting, 0),
    /row 0 of the batch: a column is called "completions".*rename it/,
  );
});

/** Reward functions that go wrong, and what is said of them. Row 3 is the second completion of the second prompt. */
const failures: [string, RewardFunction<Columns>, RegExp][] = [
  [
    "throws",
    ({ answer, completions }) =>
      completions.map((text, i) => {
        if (answer[i] === "second" && text.endsWith("41")) throw new Error("cannot parse");
        return 1;
      }),
    /reward "bad", row 3: it threw Error: cannot parse/,
  ],
  [
    "rejects",
    ({ answer }) =>
      answer.includes("third") ? Promise.reject(new TypeError("offline")) : Promise.resolve(answer.map(() => 1)),
    /reward "bad", row 4: it threw TypeError: offline/,
  ],
  [
    "gives NaN",
    ({ completions }) => completions.map((_, i) => i === 3 ? NaN : 1),
    /reward "bad", row 3: it returned NaN/,
  ],
  ["gives infinity", ({ completions }) => completions.map(() => Infinity), /reward "bad", row 0: it returned Infinity/],
  ["gives too few", ({ completions }) => completions.slice(3).map(() => 1), /reward "bad", row 3: expected 6 .* got 3/],
  [
    "gives too many",
    ({ completions }) => [...completions, ""].map(() => 1),
    /reward "bad", row 6: expected 6 .* got 7/,
  ],
  ["gives text", () => "1" as unknown as number[], /reward "bad": expected 6 rewards.* got string/],
];

for (const [how, bad, message] of failures) {
  Deno.test(`rolloutScorer(), evaluatePolicy() and grpo() name function and row of a reward that ${how}`, () =>
    withTinyModel(async (model) => {
      const rewards = { good: ({ completions }: RewardBatch<Columns>) => completions.map(() => 1), bad };
      await assert.rejects(scorer({ rewards })(rows, counting, 0), message);
      const evaluation = { rows, sampler: counting, samples: 2, tokenizer: idTokenizer, rewards };
      await assert.rejects(evaluatePolicy<Columns>(evaluation), message);

      const before = await numbersOf(model, model.weights);
      const run = grpo<Columns>({
        model,
        tokenizer: idTokenizer,
        trainDataset: rows,
        shuffle: false,
        sampler: counting,
        rewards,
        numGenerations: 2,
        perDeviceTrainBatchSize: 6,
      });
      await assert.rejects(collect(run), message);
      for (const [name, values] of await numbersOf(model, model.weights)) assert.deepEqual(values, before.get(name));
    }));
}
