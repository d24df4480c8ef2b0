/** How likely a language model finds texts that go on from others. */
import type { AdapterWeights } from "./adapter_weights.ts";
import type { CausalLM } from "./causal_lm.ts";
import { disposePass } from "./forward_pass.ts";
import type { TokenBatch } from "./token_batch.ts";

/** A text, and one that goes on from it; at least a token each. */
export interface Continuation {
  prompt: readonly number[];
  continuation: readonly number[];
}

/**
 * The log-probability of each continuation, given its prompt: the sum over its tokens, in nats. All are run as one batch.
 *
 * @throws When a row is longer than the model reads.
 */
export async function continuationLogProbs(
  model: CausalLM,
  rows: readonly Continuation[],
  { adapter = null, padTokenId = 0 }: { adapter?: AdapterWeights | null; padTokenId?: number } = {},
): Promise<number[]> {
  const whole = rows.map(({ prompt, continuation }) => [...prompt, ...continuation]);
  const tokens = Math.max(...whole.map(({ length }) => length));
  const batch: TokenBatch = {
    batch: rows.length,
    tokens,
    ids: new BigInt64Array(rows.length * tokens).fill(BigInt(padTokenId)),
    positions: new BigInt64Array(rows.length * tokens),
    documents: new Int32Array(rows.length * tokens).fill(-1),
  };
  const [positions, targets, owners]: number[][] = [[], [], []];
  whole.forEach((ids, row) => {
    const start = row * tokens;
    ids.forEach((id, token) => {
      batch.ids[start + token] = BigInt(id);
      batch.positions[start + token] = BigInt(token);
      batch.documents[start + token] = 0;
      // The token before it predicts it.
      if (token < rows[row].prompt.length) return;
      positions.push(start + token - 1);
      targets.push(id);
      owners.push(row);
    });
  });
  const pass = await model.forward(batch, { adapter });
  try {
    const { logProbs } = await model.logProbs(pass, { rows: positions, targets });
    const sums = new Array<number>(rows.length).fill(0);
    logProbs.forEach((logProb, at) => sums[owners[at]] += logProb);
    return sums;
  } finally {
    disposePass(pass);
  }
}
