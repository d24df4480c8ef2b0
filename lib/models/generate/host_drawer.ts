/** Drawing tokens in this process. */
import type { CausalLM } from "../causal_lm.ts";
import { type Draw, type Drawer, type DrawnToken, inPlace, type Scores } from "./draws.ts";
import type { GenerationSettings } from "./options.ts";
import { type NextTokenScores, Sampler } from "./sample.ts";

/** Reads all scores, which costs nothing where the engine shares this process's memory. */
export class HostDrawer implements Drawer {
  readonly #sampler: Sampler;
  constructor(readonly model: CausalLM, { sampling }: GenerationSettings) {
    this.#sampler = new Sampler(model.config.vocabSize, sampling);
  }

  async draw({ tensors }: Scores, draws: readonly Draw[]): Promise<DrawnToken[]> {
    const numbers = async (name: string) => await this.model.engine.read(tensors[name]) as Float32Array;
    const scores = {
      logits: await numbers("logits"),
      probabilities: await numbers("probabilities"),
      highestLogit: await numbers("highestLogit"),
      highestProbability: await numbers("highestProbability"),
    };
    return draws.map((draw) => sampled(this.#sampler, scores, draw));
  }
}

/** A draw by a sampler. */
export function sampled(sampler: Sampler, scores: NextTokenScores, { stream, row }: Draw): DrawnToken {
  inPlace(stream, () => sampler.sample(scores, row, stream.random, stream.seen, stream.edit));
  const { token, logProb, isGreedy } = sampler;
  return { token, logProb, isGreedy };
}
