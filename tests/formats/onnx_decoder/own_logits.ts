import type { CausalLM } from "../../../lib/models/mod.ts";
import { oneRow } from "../../models/generate/models.ts";

/** Logits [tokens * vocabulary] of a text by the model's own forward pass, the head in float64. */
export async function ownLogits(model: CausalLM, ids: readonly number[]): Promise<Float32Array> {
  const { hiddenSize, vocabSize, rmsNormEps } = model.config;
  const pass = await model.forward(oneRow(ids));
  const hidden = await model.engine.read(pass.hidden) as Float32Array;
  const logits = new Float32Array(ids.length * vocabSize);
  await model.withHead((weights) => {
    const [scale, matrix] = [weights.norm, weights.head].map(({ data }) => data as Float32Array);
    for (let token = 0; token < ids.length; token++) {
      const x = hidden.subarray(token * hiddenSize, (token + 1) * hiddenSize);
      const r = 1 / Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0) / hiddenSize + rmsNormEps);
      const normed = Float64Array.from(x, (value, k) => value * r * scale[k]);
      for (let v = 0; v < vocabSize; v++) {
        let sum = 0;
        for (let k = 0; k < hiddenSize; k++) sum += normed[k] * matrix[v * hiddenSize + k];
        logits[token * vocabSize + v] = sum;
      }
    }
    return Promise.resolve();
  });
  pass.hidden.dispose();
  return logits;
}
