import assert from "node:assert/strict";
import { createLora, type LoraAdapter } from "../../../lib/adapters/mod.ts";
import { generateWordProblems, REASONING_PREFILL, toReasoningChat } from "../../../lib/data/mod.ts";
import { type EndpointPool, endpointPool } from "../../../lib/endpoints/mod.ts";
import { type CausalLM, generate } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import type { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { endpointSampler, grpo, gsm8kTagRewards, type Sampler } from "../../../lib/train/mod.ts";
import { type ServiceProcess, withServices } from "../../endpoints/services.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { inFolder } from "../../support/in_folder.ts";

/** Two prompts a step, each with eight completions. */
const SIZES = { perDeviceTrainBatchSize: 16, numGenerations: 8, maxCompletionLength: 48 };

/** Among the likeliest tokens: of thousands of unlikely ones, the last bit of a sum may decide which is drawn. */
const TOP_K = 10;

interface Setup {
  model: CausalLM;
  tokenizer: Tokenizer;
  folder: string;
  services: readonly ServiceProcess[];
}

function withSetup(run: (setup: Setup) => Promise<void>): Promise<void> {
  return inFolder((folder) =>
    withServices(
      3,
      folder,
      (services) => withHouseModel(({ model, tokenizer }) => run({ model, tokenizer, folder, services })),
    )
  );
}

async function newAdapter(model: CausalLM): Promise<LoraAdapter> {
  const adapter = await createLora(model, new Random(1), { r: 8, loraAlpha: 16 });
  // So that it does something from the first round on.
  const random = new Random("factors");
  for (const [name, factor] of adapter.factors) {
    if (name.endsWith("lora_B")) (factor.data as Float32Array).forEach((_, i, b) => b[i] = 0.02 * random.normal());
  }
  return adapter;
}

function samplerOf({ model, folder }: Setup, adapter: LoraAdapter, pool: EndpointPool, samplesPerRequest = 4) {
  const { maxCompletionLength } = SIZES;
  return endpointSampler({
    ...{ pool, model, adapter, adapterFolder: folder, baseModel: "kiln-tiny", maxCompletionLength, samplesPerRequest },
    topK: TOP_K,
  });
}

/** Metrics of a short run; `duringRound` is called as completions of a round come. */
async function trained(
  setup: Setup,
  urls: readonly string[],
  steps: number,
  duringRound: (round: number, pool: EndpointPool) => Promise<void> = () => Promise.resolve(),
) {
  const { model, tokenizer, folder } = setup;
  const adapter = await newAdapter(model);
  const pool = endpointPool({ endpoints: urls.map((url) => ({ url })), healthIntervalMs: 200 });
  let round = 0;
  let isTold = false;
  let told: Promise<void> = Promise.resolve();
  const rollouts = endpointSampler({
    ...{ pool, model, adapter, adapterFolder: folder, baseModel: "kiln-tiny", samplesPerRequest: 2 },
    ...{ maxCompletionLength: SIZES.maxCompletionLength, topK: TOP_K },
    onProgress: ({ finished }) => {
      if (isTold || finished === 0) return;
      isTold = true;
      told = duringRound(round, pool);
    },
  });
  const sample: Sampler = async (request) => {
    [round, isTold] = [request.round, false];
    const completions = await rollouts.sample(request);
    await told;
    return completions;
  };
  sample.fingerprint = rollouts.sample.fingerprint;
  const run = grpo({
    ...{ model, adapter, tokenizer, sampler: sample, ...SIZES, maxSteps: steps, learningRate: 2e-3 },
    trainDataset: generateWordProblems({ seed: 1, count: 40, split: "train" }).map((row) => toReasoningChat(row)),
    prefill: REASONING_PREFILL,
    rewards: gsm8kTagRewards({ prefill: REASONING_PREFILL }),
  });
  const written: { completions: (readonly number[])[]; metrics: Record<string, number> }[] = [];
  for await (const { metrics, rollouts } of run) {
    const { step_time: _, ...others } = metrics;
    written.push({ completions: rollouts.map(({ completionIds }) => completionIds), metrics: others });
  }
  await rollouts.dispose();
  await pool.dispose();
  adapter.factors.forEach((factor) => factor.dispose());
  return { written, stats: pool.stats() };
}

Deno.test("endpointSampler() writes what generate() writes by the same seeds, over 1, 2 and 3 services", () =>
  withSetup(async (setup) => {
    const { model, tokenizer, services } = setup;
    const adapter = await newAdapter(model);
    const prompts = ["Tom has 3 apples.", "Ann reads 12 pages a day for", "2 + 2"].map((text) =>
      tokenizer.encode(text)
    );
    const request = { prompts, samples: 6, round: 3 };
    const seeds = new Map<string, number[]>();
    const results = [];
    for (const count of [1, 2, 3]) {
      const pool = endpointPool({
        endpoints: services.slice(0, count).map(({ url }) => ({ url })),
        fetch: (url, init) => {
          if (`${url}`.endsWith("/completions")) {
            const { prompt, seed, n } = JSON.parse(`${init!.body}`);
            const own = Array.from({ length: n }, (_, i) => seed + i);
            if (count === 1) seeds.set(`${prompt}`, [...seeds.get(`${prompt}`) ?? [], ...own]);
          }
          return fetch(url, init);
        },
      });
      const sampler = samplerOf(setup, adapter, pool);
      results.push(await sampler.sample(request));
      assert.ok(pool.stats().every(({ requests }) => requests > 0), "every endpoint has written something");
      await sampler.dispose();
      await pool.dispose();
    }
    const expected = [];
    assert.equal(new Set([...seeds.values()].flat()).size, 18, "each completion has a seed of its own");
    for (const ids of prompts) {
      for (const seed of seeds.get(`${ids}`)!.sort((a, b) => a - b)) {
        const [[{ tokenIds, finishReason }]] = await generate(model, {
          ...{ prompts: [ids], seed, adapter, topK: TOP_K, maxNewTokens: SIZES.maxCompletionLength },
        });
        expected.push({ tokenIds, terminated: finishReason === "stop" });
      }
    }
    for (const result of results) assert.deepEqual(result, expected);
    adapter.factors.forEach((factor) => factor.dispose());
  }));

Deno.test("grpo() over three services gives the same metrics when one is killed in the midst of a round and comes back", () =>
  withSetup(async (setup) => {
    const { services } = setup;
    const urls = services.map(({ url }) => url);
    const undisturbed = await trained(setup, urls, 3);
    let back: Promise<void> | undefined;
    const disturbed = await trained(setup, urls, 3, async (round, pool) => {
      if (round === 0) {
        await services[1].kill();
        back = services[1].restart();
      }
      if (round < 1) return;
      // Before the last round it is there again.
      await back;
      for (let i = 0; i < 200; i++) {
        const [, { state }] = await pool.check();
        if (state === "up") return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.fail("it did not come back");
    });
    assert.deepEqual(disturbed.written, undisturbed.written);
    const [first, killed, third] = disturbed.stats;
    assert.ok(killed.failures > 0, "it was killed while it wrote");
    assert.ok(killed.requests > 0 && first.requests > 0 && third.requests > 0);
    const answered = (stats: typeof disturbed.stats) => stats.reduce((sum, { requests }) => sum + requests, 0);
    assert.equal(answered(disturbed.stats), 3 * 8, "every request was answered once");
    assert.equal(answered(undisturbed.stats), 3 * 8);
  }));
