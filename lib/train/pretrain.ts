/** Pretraining on an endless stream of documents, several of them packed into each row. */
import type { CausalLM } from "../models/mod.ts";
import { collatePacked, type TokenizedExample } from "./batch.ts";
import { AdamW } from "./optimizer.ts";
import { learningRateAt } from "./schedule.ts";
import { supervisedBackward } from "./sft.ts";
import { checkPositiveInteger, type TrainingOptions, type TrainingStep } from "./step.ts";

/** What to train on; the other options as in every trainer. */
export interface PretrainOptions extends Omit<TrainingOptions, "numTrainEpochs" | "shuffle" | "evalSteps"> {
  model: CausalLM;
  /** Documents in the order in which they are read; each is read once. */
  documents: Iterable<TokenizedExample>;
  /** Optimizer steps. */
  maxSteps: number;
  /** Tokens of a row; longer documents are left out. Default 256. */
  maxLength?: number;
  padTokenId?: number;
}

/** Trains all weights and yields each step's metrics, as `sft` does, plus `packed_share`: real tokens over all. */
export async function* pretrain(options: PretrainOptions): AsyncGenerator<TrainingStep> {
  const {
    model,
    documents,
    maxSteps,
    perDeviceTrainBatchSize = 16,
    gradientAccumulationSteps = 1,
    maxLength = 256,
    learningRate = 1e-3,
    gradientCheckpointing = false,
    padTokenId = 0,
    signal,
  } = options;
  checkPositiveInteger({ maxSteps, perDeviceTrainBatchSize, gradientAccumulationSteps, maxLength });
  const optimizer = new AdamW(model.engine, model.weights, options);
  const packer = new Packer(documents, maxLength);
  const forwardOptions = {
    trainable: "all" as const,
    keep: gradientCheckpointing ? "inputs" as const : "residuals" as const,
  };
  let tokensSeen = 0;
  try {
    for (let step = 1; step <= maxSteps; step++) {
      signal?.throwIfAborted();
      const started = performance.now();
      const batches = Array.from(
        { length: gradientAccumulationSteps },
        () => collatePacked(packer.take(perDeviceTrainBatchSize), padTokenId),
      );
      const result = await supervisedBackward(model, optimizer, batches, forwardOptions);
      if (!Number.isFinite(result.loss)) throw new Error(`step ${step}: the loss is ${result.loss}`);
      const rate = learningRateAt(step - 1, { ...options, learningRate, totalSteps: maxSteps });
      const { gradNorm } = await optimizer.step(rate);
      const real = batches.reduce((sum, batch) => sum + batch.tokenCount, 0);
      const all = batches.reduce((sum, { tokens }) => sum + tokens.batch * tokens.tokens, 0);
      tokensSeen += real;
      const metrics = {
        ...result,
        grad_norm: gradNorm,
        learning_rate: rate,
        num_tokens: tokensSeen,
        packed_share: real / all,
        step_time: (performance.now() - started) / 1000,
      };
      yield { step, totalSteps: maxSteps, metrics };
    }
  } finally {
    await optimizer.dispose();
  }
}

/** How many documents may wait for a row with room before a batch is called full. */
const WAITING_ROOM = 8;

/** Fills rows with documents from a stream: each goes where it leaves the least room. */
class Packer {
  readonly #stream: Iterator<TokenizedExample>;
  #waiting: TokenizedExample[] = [];

  constructor(documents: Iterable<TokenizedExample>, readonly maxLength: number) {
    this.#stream = documents[Symbol.iterator]();
  }

  /** The next `count` rows. Throws when the stream ended before one document was read. */
  take(count: number): TokenizedExample[][] {
    const rows = Array.from({ length: count }, () => ({ room: this.maxLength, examples: [] as TokenizedExample[] }));
    const place = (example: TokenizedExample): boolean => {
      let best: (typeof rows)[number] | undefined;
      for (const row of rows) {
        if (row.room >= example.ids.length && (!best || row.room < best.room)) best = row;
      }
      best?.examples.push(example);
      if (best) best.room -= example.ids.length;
      return best !== undefined;
    };
    this.#waiting = this.#waiting.filter((example) => !place(example));
    while (this.#waiting.length < WAITING_ROOM) {
      const next = this.#stream.next();
      if (next.done) break;
      if (next.value.ids.length <= this.maxLength && !place(next.value)) this.#waiting.push(next.value);
    }
    const filled = rows.map((row) => row.examples).filter((examples) => examples.length > 0);
    if (filled.length === 0) throw new Error("pretrain: the documents have run out");
    return filled;
  }
}
