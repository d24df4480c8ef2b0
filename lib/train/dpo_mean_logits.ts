/** The mean over the vocabulary of a position's logits, which TRL logs for chosen and rejected completions. */
import type { CausalLM, ForwardPass } from "../models/mod.ts";

/**
 * The mean logit is the product of the last hidden state with the mean row of the head: no logits are needed. It is for
 * models whose head stays as it is, since the mean row is computed once.
 */
export class MeanLogits {
  #meanRow: Float64Array | null = null;

  constructor(readonly model: CausalLM) {}

  /** The mean logits at positions (row * tokens + token) of a forward pass. */
  async at(pass: ForwardPass, positions: readonly number[]): Promise<Float64Array> {
    const { engine, config: { hiddenSize, rmsNormEps } } = this.model;
    this.#meanRow ??= await this.#readMeanRow();
    const hidden = await engine.read(pass.hidden) as Float32Array;
    return Float64Array.from(positions, (position) => {
      const state = hidden.subarray(position * hiddenSize, (position + 1) * hiddenSize);
      let [squares, product] = [0, 0];
      for (let i = 0; i < hiddenSize; i++) {
        squares += state[i] ** 2;
        product += state[i] * this.#meanRow![i];
      }
      return product / Math.sqrt(squares / hiddenSize + rmsNormEps);
    });
  }

  /** With the final norm's weight multiplied in. */
  async #readMeanRow(): Promise<Float64Array> {
    const { engine, config: { hiddenSize, vocabSize } } = this.model;
    return await this.model.withHead(async (weights) => {
      const head = await engine.read(weights.head) as Float32Array;
      const norm = await engine.read(weights.norm) as Float32Array;
      const row = new Float64Array(hiddenSize);
      for (let at = 0; at < head.length;) for (let i = 0; i < hiddenSize; i++) row[i] += head[at++];
      return row.map((sum, i) => sum / vocabSize * norm[i]);
    });
  }
}
