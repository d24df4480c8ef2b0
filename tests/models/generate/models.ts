/** Small models and a slow, obvious way to generate, which the fast one is compared with. */
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type AdapterWeights,
  type CausalLM,
  type Completion,
  createModel,
  loadModel,
  type ModelConfig,
  type TokenBatch,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { GOLDEN } from "../../support/golden.ts";

export const smallConfig: ModelConfig = {
  family: "qwen2",
  vocabSize: 48,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  maxPositions: 512,
  tieWordEmbeddings: true,
  attentionBias: true,
  eosTokenIds: [0],
};

/** A random model whose next-token distributions are neither flat nor certain. */
export async function smallModel(engine: Engine, changes: Partial<ModelConfig> = {}): Promise<CausalLM> {
  const random = new Random("small model");
  return await createModel({ ...smallConfig, ...changes }, { engine, random, initializerRange: 0.3 });
}

/** Prompts of the given lengths. */
export function randomPrompts(lengths: readonly number[], vocabSize = smallConfig.vocabSize): number[][] {
  const random = new Random("prompts");
  return lengths.map((length) => Array.from({ length }, () => random.integer(1, vocabSize - 1)));
}

/** One row of tokens as a batch. */
export function oneRow(ids: readonly number[]): TokenBatch {
  return {
    batch: 1,
    tokens: ids.length,
    ids: BigInt64Array.from(ids, BigInt),
    positions: BigInt64Array.from(ids, (_, i) => BigInt(i)),
    documents: new Int32Array(ids.length),
  };
}

/** Log-probabilities of a completion's tokens by the training forward pass. */
export async function trainingLogProbs(
  model: CausalLM,
  promptIds: readonly number[],
  completionIds: readonly number[],
  { adapter = null, temperature = 1 }: { adapter?: AdapterWeights | null; temperature?: number } = {},
): Promise<Float32Array> {
  const pass = await model.forward(oneRow([...promptIds, ...completionIds]), { adapter });
  const rows = completionIds.map((_, i) => promptIds.length + i - 1);
  const { logProbs } = await model.logProbs(pass, { rows, targets: completionIds, temperature });
  pass.hidden.dispose();
  return logProbs;
}

/** Samples by reading the whole text again for each token: no cache, no batch, no other code of generation. */
export async function slowSample(
  model: CausalLM,
  promptIds: readonly number[],
  options: { seed: number; promptIndex: number; sampleIndex: number; temperature: number; maxNewTokens: number },
): Promise<{ tokenIds: number[]; logProbs: number[] }> {
  const random = new Random(options.seed).fork(options.promptIndex).fork(options.sampleIndex);
  const vocabulary = Array.from({ length: model.config.vocabSize }, (_, token) => token);
  const tokenIds: number[] = [];
  const chosen: number[] = [];
  while (tokenIds.length < options.maxNewTokens) {
    const ids = [...promptIds, ...tokenIds];
    const pass = await model.forward(oneRow(ids));
    const rows = vocabulary.map(() => ids.length - 1);
    const targets = { rows, targets: vocabulary, temperature: options.temperature };
    const { logProbs } = await model.logProbs(pass, targets);
    pass.hidden.dispose();
    const uniform = random.float();
    let sum = 0;
    const token = vocabulary.find((id) => (sum += Math.exp(logProbs[id])) > uniform) ?? vocabulary.length - 1;
    tokenIds.push(token);
    chosen.push(logProbs[token]);
  }
  return { tokenIds, logProbs: chosen };
}

/** Runs a test with a model on an engine of its own. */
export async function withModel(
  make: (engine: Engine) => Promise<CausalLM>,
  run: (model: CausalLM) => Promise<void>,
): Promise<void> {
  const engine = await createEngine();
  const model = await make(engine);
  await run(model);
  await model.dispose();
  await engine.dispose();
}

/** Runs a test with the small random model. */
export const withSmallModel = (run: (model: CausalLM) => Promise<void>) =>
  withModel((engine) => smallModel(engine), run);

/** Runs a test with a golden model. */
export const withGoldenModel = (run: (model: CausalLM) => Promise<void>, folder = "tied") =>
  withModel((engine) => loadModel(`${GOLDEN}qwen2_tiny/${folder}`, { engine }), run);

/** The ids of completions. */
export const tokensOf = (completions: Completion[][]) =>
  completions.map((samples) => samples.map((one) => one.tokenIds));
