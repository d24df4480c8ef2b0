/** Drawing tokens in this process. */
import type { CausalLM } from "../causal_lm.ts";
import { type Draw, type Drawer, type DrawnToken, inPlace, type Scores, type TokenLogProb } from "./draws.ts";
import { type NextTokenScores, Sampler } from "./sample.ts";

/** Reads all scores, which costs nothing where the engine shares this process's memory. */
export class HostDrawer implements Drawer {
  readonly #sampler: Sampler;
  constructor(readonly model: CausalLM) {
    this.#sampler = new Sampler(model.config.vocabSize);
  }

  async draw({ tensors }: Scores, draws: readonly Draw[]): Promise<(DrawnToken | Error)[]> {
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
export function sampled(sampler: Sampler, scores: NextTokenScores, { stream, row }: Draw): DrawnToken | Error {
  return inPlace(stream, () => {
    sampler.options = stream.sampling;
    sampler.sample(scores, row, stream.random, stream.seen, stream.edit);
    const { token, logProb, isGreedy } = sampler;
    if (stream.alternatives === 0) return { token, logProb, isGreedy };
    return { token, logProb, isGreedy, alternatives: likeliest(scores, row, stream) };
  });
}

/** The likeliest tokens of a row of scores, which has logits. */
function likeliest(
  { logits, highestLogit, highestProbability }: NextTokenScores,
  row: number,
  { alternatives, sampling: { temperature } }: Draw["stream"],
): TokenLogProb[] {
  const vocabSize = logits!.length / highestLogit.length;
  const own = logits!.subarray(row * vocabSize, (row + 1) * vocabSize);
  // Token ids, likeliest first; the first of equal ones stays before.
  const best: number[] = [];
  for (let token = 0; token < vocabSize; token++) {
    if (best.length === alternatives && !(own[token] > own[best[alternatives - 1]])) continue;
    if (best.length === alternatives) best.pop();
    let place = best.length;
    while (place > 0 && own[token] > own[best[place - 1]]) place--;
    best.splice(place, 0, token);
  }
  const highest = Math.log(highestProbability[row]);
  const logProb = (token: number) => (own[token] - highestLogit[row]) / (temperature || 1) + highest;
  return best.map((tokenId) => ({ tokenId, logProb: logProb(tokenId) }));
}
