/**
 * How many floating-point operations the matrix products of a model take: 2 for each multiplication with its addition.
 * Nothing else is counted (norms, softmax, rotary positions, copies), so that a share of the raw MatMul rate says how
 * much all of that costs. Attention is counted over all pairs of tokens, since the half that causality masks is
 * computed too. tests/scale/flops_test.ts compares these formulas with the products in the graphs that really run.
 */
import { LINEAR_MODULES, linearShape, type ModelConfig, type Trainable } from "../models/mod.ts";

/** What decides the work of a block. */
export interface BlockWork {
  batch: number;
  tokens: number;
  trainable: Trainable;
  /** Rank of an adapter on all linear layers; 0 for none. */
  rank: number;
}

/** Operations of one block's passes. */
export interface BlockFlops {
  forward: number;
  /** From kept residuals. */
  backward: number;
  /** From the block's input alone. */
  backwardRecomputing: number;
}

/** Operations of a decoder block. */
export function blockFlops(config: ModelConfig, { batch, tokens, trainable, rank }: BlockWork): BlockFlops {
  const rows = batch * tokens;
  // Q K^T, or probabilities times V.
  const attentionProduct = 2 * rows * tokens * config.heads * config.headDim;
  let forward = 2 * attentionProduct;
  // By q, k, v and by the probabilities.
  let backward = 4 * attentionProduct;
  // The block's output is not needed again, so the last layer is not recomputed.
  let recomputed = forward;
  for (const module of LINEAR_MODULES) {
    const [outputs, inputs] = linearShape(config, module);
    const weight = 2 * rows * outputs * inputs;
    const [a, b] = [2 * rows * rank * inputs, 2 * rows * rank * outputs];
    forward += weight + a + b;
    recomputed += a + (module === "down_proj" ? 0 : weight + b);
    // By the input: through the weight, and through both factors.
    backward += weight + a + b;
    if (trainable === "all") backward += weight;
    if (trainable !== "none") backward += a + b;
  }
  return { forward, backward, backwardRecomputing: recomputed + backward };
}

/** What decides the work of a training step. */
export interface StepWork extends BlockWork {
  /** Positions whose next token counts. */
  scored: number;
  /** Whether all layers are computed again in the backward pass, or all keep their residuals. */
  recompute: boolean;
}

/** Operations of a forward and backward pass of the whole model: its blocks and the vocabulary head. */
export function trainingStepFlops(config: ModelConfig, work: StepWork): number {
  const { forward, backward, backwardRecomputing } = blockFlops(config, work);
  const head = 2 * work.scored * config.vocabSize * config.hiddenSize;
  // Logits, their gradient by the hidden state, and by the head's weight.
  const headProducts = work.trainable === "all" ? 3 : 2;
  const blocks = config.layers * (forward + (work.recompute ? backwardRecomputing : backward));
  // In the one program that keeps residuals nothing asks for the gradient by the first layer's input, unless the embedding
  // is trained.
  const unasked = work.recompute || work.trainable === "all" ? 0 : inputGradientFlops(config, work);
  return blocks - unasked + headProducts * head;
}

/** The gradient by a block's input, through q, k and v. */
function inputGradientFlops(config: ModelConfig, { batch, tokens, rank }: BlockWork): number {
  return (["q_proj", "k_proj", "v_proj"] as const).reduce((sum, module) => {
    const [outputs, inputs] = linearShape(config, module);
    return sum + 2 * batch * tokens * inputs * (outputs + rank);
  }, 0);
}

/** What decides the work of a generation. */
export interface RolloutWork {
  prompts: number;
  promptTokens: number;
  samples: number;
  newTokens: number;
  rank: number;
}

/** Operations of a generation that reads each prompt once and draws each of its samples token by token. */
export function rolloutFlops(config: ModelConfig, work: RolloutWork): number {
  const { prompts, promptTokens, samples, newTokens, rank } = work;
  const head = 2 * config.vocabSize * config.hiddenSize;
  const blocks = (batch: number, tokens: number) =>
    config.layers * blockFlops(config, { batch, tokens, trainable: "none", rank }).forward;
  let total = blocks(prompts, promptTokens) + prompts * head;
  const rows = prompts * samples;
  // The last token that is drawn is not read.
  for (let drawn = 1; drawn < newTokens; drawn++) {
    // One token that looks at everything before it: the block's own count has it look at itself only.
    const seenBefore = promptTokens + drawn - 1;
    const attention = 2 * 2 * rows * seenBefore * config.heads * config.headDim * config.layers;
    total += blocks(rows, 1) + attention + rows * head;
  }
  return total;
}
