/** Small runs of every trainer, by the house model, in folders of their own: what recipes are made from. */
import { createLora, type LoraAdapter } from "../../lib/adapters/mod.ts";
import { generateWordProblems, REASONING_PREFILL, toReasoningChat } from "../../lib/data/mod.ts";
import type { CausalLM } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import type { Tokenizer } from "../../lib/tokenizer/mod.ts";
import {
  completionEpisodes,
  createCritic,
  dpo,
  grpo,
  gsm8kFiveRewards,
  gsm8kTagRewards,
  localSampler,
  ppo,
  preparePreferenceDataset,
  prepareSftDataset,
  sft,
  startRun,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { HOUSE_MODEL } from "./house_model.ts";

/** What makes runs. */
export interface RunMaker {
  model: CausalLM;
  tokenizer: Tokenizer;
  /** Where runs go. */
  outputs: string;
  /** What was made on the way; see `freeAdapters`. */
  adapters: LoraAdapter[];
}

/** Frees the adapters of all runs. */
export function freeAdapters({ adapters }: RunMaker): void {
  for (const { factors } of adapters) for (const factor of factors.values()) factor.dispose();
  adapters.length = 0;
}

const problems = (count: number) => generateWordProblems({ seed: 1, count, split: "train" });
const prompts = (count: number) =>
  problems(count).map((problem) => {
    const { prompt, answer } = toReasoningChat(problem);
    return { prompt, answer, question: problem.question };
  });

async function run(
  { outputs }: RunMaker,
  name: string,
  parameters: Record<string, unknown>,
  train: (outputDir: string) => AsyncIterable<TrainingStep>,
): Promise<string> {
  const folder = await startRun(name, { model: HOUSE_MODEL, ...parameters }, { outputs });
  for await (const step of train(folder.path)) await folder.log(step);
  await folder.close();
  return folder.path;
}

async function lora({ model, adapters }: RunMaker): Promise<LoraAdapter> {
  const adapter = await createLora(model, new Random(1), { r: 4, loraAlpha: 8 });
  adapters.push(adapter);
  return adapter;
}

/** Two steps of GRPO as notebook 01 does it; the first has a learning rate of 0. */
export async function grpoRun(maker: RunMaker): Promise<string> {
  const { model, tokenizer } = maker;
  const adapter = await lora(maker);
  const sampler = localSampler({ model, adapter, maxCompletionLength: 16, seed: 1 });
  const path = await run(maker, "grpo", { dataset: "generated" }, (outputDir) =>
    grpo({
      ...{ model, adapter, tokenizer, outputDir },
      sampler: sampler.sample,
      trainDataset: prompts(8),
      rewards: gsm8kTagRewards({ prefill: REASONING_PREFILL }),
      rewardWeights: { format: 0.5 },
      prefill: REASONING_PREFILL,
      numGenerations: 4,
      perDeviceTrainBatchSize: 4,
      gradientAccumulationSteps: 2,
      maxSteps: 2,
      learningRate: 1e-3,
      warmupSteps: 0.5,
      maxCompletionLength: 16,
      beta: 0.04,
      seed: 1,
      saveSteps: 25,
      saveTotalLimit: 1,
    }));
  await sampler.dispose();
  return path;
}

/** SFT on prompts with completions, with held-out rows and a tokenizer in its checkpoints. */
export async function sftRun(
  maker: RunMaker,
  options: { packing?: boolean; allWeights?: boolean } = {},
): Promise<string> {
  const { model, tokenizer } = maker;
  const rows = problems(12).map(({ question, answer }) => ({
    prompt: [{ role: "user", content: question }],
    completion: [{ role: "assistant", content: answer }],
  }));
  const dataset = prepareSftDataset(rows, { tokenizer });
  return await run(maker, "sft", {}, async function* (outputDir) {
    yield* sft({
      ...{ model, outputDir, processingClass: tokenizer, baseModel: HOUSE_MODEL },
      ...(options.allWeights ? {} : { adapter: await lora(maker) }),
      trainDataset: dataset.slice(0, 8),
      evalDataset: dataset.slice(8),
      packing: options.packing ?? false,
      maxLength: 128,
      perDeviceTrainBatchSize: 2,
      gradientAccumulationSteps: 2,
      maxSteps: 2,
      evalSteps: 1,
      lrSchedulerType: "cosine",
      learningRate: 2e-4,
      weightDecay: 0.01,
      shuffle: false,
      padTokenId: tokenizer.padTokenId,
    });
  });
}

/** SFT on whole texts, and on chats of several turns with assistantOnlyLoss: masks that are no suffix. */
export async function turnsRun(maker: RunMaker): Promise<string> {
  const { model, tokenizer } = maker;
  const messages = [
    { role: "user", content: "What is 6 plus 7?" },
    { role: "assistant", content: "13" },
    { role: "user", content: "And plus 1?" },
    { role: "assistant", content: "14" },
  ];
  const trainDataset = prepareSftDataset([{ messages }, { messages: messages.slice(0, 2) }], {
    tokenizer,
    assistantOnlyLoss: true,
  });
  return await run(maker, "turns", {}, async function* (outputDir) {
    const adapter = await lora(maker);
    yield* sft({ model, adapter, trainDataset, outputDir, perDeviceTrainBatchSize: 2, maxSteps: 1, maxLength: null });
  });
}

/** DPO from an adapter that SFT has trained before: its copy is the reference. */
export async function dpoRun(
  maker: RunMaker,
  { lossType = "sigmoid", chats = false }: { lossType?: "sigmoid" | "simpo"; chats?: boolean } = {},
): Promise<string> {
  const { model, tokenizer } = maker;
  const adapter = await lora(maker);
  const texts = problems(8).map(({ question, answer }) => ({
    prompt: question,
    chosen: answer,
    rejected: "I do not know.",
  }));
  const completions = prepareSftDataset(texts.map(({ prompt, chosen }) => ({ prompt, completion: chosen })), {
    tokenizer,
  });
  for await (const _ of sft({ model, adapter, trainDataset: completions, maxSteps: 1, learningRate: 1e-3 }));
  const said = (role: string, content: string) => [{ role, content }];
  const rows = texts.map(({ prompt, chosen, rejected }) => ({
    prompt: said("user", prompt),
    chosen: said("assistant", chosen),
    rejected: said("assistant", rejected),
  }));
  const pairs = preparePreferenceDataset(chats ? rows : texts, { tokenizer });
  return await run(maker, "dpo", {}, (outputDir) =>
    dpo({
      ...{ model, adapter, outputDir, lossType, beta: 0.2, rpoAlpha: lossType === "sigmoid" ? 0.5 : 0 },
      trainDataset: pairs.slice(0, 6),
      evalDataset: pairs.slice(6),
      perDeviceTrainBatchSize: 2,
      maxSteps: 1,
      learningRate: 5e-5,
      shuffle: false,
      baseModel: HOUSE_MODEL,
      processingClass: tokenizer,
    }));
}

/** PPO on completions of prompts. */
export async function ppoRun(maker: RunMaker): Promise<string> {
  const { model, tokenizer } = maker;
  const adapter = await lora(maker);
  const critic = await createCritic(model, new Random(2), { r: 4 });
  maker.adapters.push(critic);
  const sampler = localSampler({ model, adapter, maxCompletionLength: 12, seed: 1 });
  const rollout = completionEpisodes({
    trainDataset: prompts(8),
    tokenizer,
    sampler: sampler.sample,
    rewards: gsm8kFiveRewards({ prefill: REASONING_PREFILL }),
    prefill: REASONING_PREFILL,
    promptsPerRound: 4,
    numGenerations: 2,
  });
  const path = await run(maker, "ppo", {}, (outputDir) =>
    ppo({
      ...{ model, adapter, critic, rollout, outputDir },
      numTotalBatches: 1,
      numPpoEpochs: 1,
      numMiniBatches: 2,
      perDeviceTrainBatchSize: 4,
      learningRate: 1e-3,
      criticLearningRate: 2e-3,
      rewardClipRange: [-10, 10],
      klCoef: 0.02,
    }));
  await sampler.dispose();
  return path;
}
