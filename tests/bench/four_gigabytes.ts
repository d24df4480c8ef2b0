/**
 * What fits into 4 GB: a model of Qwen2.5-0.5B's shape with a base of 4 bits and LoRA of rank 8, one text at a time, trained by
 * SFT and by PPO as R3-RAG does it, whose policy and critic are two adapters on one base. Each case loads its model from a
 * folder, so that its process's peak is that of a run.
 */
import { createLora, type LoraAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { type CausalLM, loadModel, type ModelConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { createCritic, type Episode, localSampler, ppo, sft } from "../../lib/train/mod.ts";
import { peakMemory } from "./measure.ts";
import { randomExamples, randomTexts } from "./random_data.ts";
import { writeRandomFolder } from "./random_model.ts";
import { type BenchCase, type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HALF_BILLION } from "./shapes.ts";

/** What a process may hold, in 10^9 bytes. */
const LIMIT = 4;

/** R3-RAG's adapters. */
const LORA = { r: 8, loraAlpha: 16 } as const;

/** What a policy writes at a time: R3-RAG's steps are short, what they read is long. */
const NEW_TOKENS = 64;

/** Steps of SFT, or rounds of PPO: what the first one leaves behind counts too. */
const STEPS = 2;

/** Who measures what at how many tokens a text. */
type Trainer = (model: CausalLM, adapter: LoraAdapter, tokens: number, quick: boolean) => Promise<Row[]>;

export const fourGigabytesSection: Section = {
  name: "four-gigabytes",
  title: `Training within ${LIMIT} GB at Qwen2.5-0.5B's shape: 4-bit base, LoRA r${LORA.r}, gradient checkpointing`,
  cases: [1024, 2048].flatMap((tokens) => [
    caseOf("SFT", tokens, measureSft),
    caseOf("PPO", tokens, measurePpo),
  ]),
  heavy: true,
};

function caseOf(name: string, tokens: number, train: Trainer): BenchCase {
  const run = ({ quick }: BenchSettings) => measureLoaded(train, quick ? tokens / 16 : tokens, quick);
  return { name: `${name} ${tokens}`, memoryLimit: LIMIT, run };
}

async function measureLoaded(train: Trainer, tokens: number, quick: boolean): Promise<Row[]> {
  const config: ModelConfig = quick ? { ...HALF_BILLION, layers: 2, vocabSize: 4096 } : HALF_BILLION;
  const folder = await Deno.makeTempDir({ prefix: "kiln-bench" });
  try {
    await writeRandomFolder(folder, config);
    const engine = await createEngine();
    const model = await loadModel(folder, { engine, precision: "4bit" });
    const adapter = await createLora(model, new Random(2), LORA);
    return await train(model, adapter, tokens, quick);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const COMMON = { perDeviceTrainBatchSize: 1, gradientCheckpointing: true, learningRate: 1e-4 } as const;

async function measureSft(model: CausalLM, adapter: LoraAdapter, tokens: number): Promise<Row[]> {
  const trainDataset = randomExamples(STEPS, tokens, tokens / 2, model.config);
  let seconds = 0;
  for await (
    const { metrics } of sft({ ...COMMON, model, adapter, trainDataset, maxLength: tokens, maxSteps: STEPS })
  ) {
    seconds = metrics.step_time; // the last one's: the first compiles
  }
  return [rateRow("SFT step", `[1, ${tokens}]`, tokens, seconds)];
}

/** Rounds of one episode: written, scored by policy, reference and critic, and learned from by policy and critic. */
async function measurePpo(model: CausalLM, adapter: LoraAdapter, tokens: number, quick: boolean): Promise<Row[]> {
  const newTokens = quick ? 4 : NEW_TOKENS;
  const critic = await createCritic(model, new Random(3), LORA);
  const sampler = localSampler({ model, adapter, maxCompletionLength: newTokens });
  const prompts = randomTexts(STEPS, tokens - newTokens, model.config);
  let [writing, written] = [0, 0];
  const rollout = async (round: number): Promise<Episode[]> => {
    const started = performance.now();
    const [{ tokenIds }] = await sampler.sample({ prompts: [prompts[round]], samples: 1, round });
    [writing, written] = [(performance.now() - started) / 1000, peakMemory()];
    const ids = [...prompts[round], ...tokenIds];
    return [{ ids, lossMask: ids.map((_, token) => token >= prompts[round].length), score: tokenIds[0] % 2 }];
  };
  let whole = 0;
  const options = { ...COMMON, rewardClipRange: [-10, 10] as const, numPpoEpochs: 1, numTotalBatches: STEPS };
  for await (const { metrics } of ppo({ ...options, model, adapter, critic, rollout })) whole = metrics.step_time;
  await sampler.dispose();
  const shape = `[1, ${tokens}]`;
  return [
    rateRow("PPO: prompt and rollout", `${tokens - newTokens} + ${newTokens} tokens`, tokens, writing, written),
    rateRow("PPO: score and learn", shape, tokens, whole - writing),
    rateRow("PPO: the whole round", shape, tokens, whole),
  ];
}

function rateRow(what: string, shape: string, tokens: number, seconds: number, peak = peakMemory()): Row {
  const note = `${seconds.toFixed(1)} s; ${(peak / 1e9).toFixed(2)} GB at the peak until then`;
  return row({ what, shape, value: tokens / seconds, unit: "tokens/s", note });
}
