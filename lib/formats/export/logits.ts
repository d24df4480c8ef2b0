/** Logits of a whole text, which neither training nor generation ever need, to compare models by. */
import type { DeviceTensor } from "../../engine/mod.ts";
import { Graph, linear } from "../../graph/mod.ts";
import { rmsNorm } from "../../kernels/mod.ts";
import { type AdapterWeights, type CausalLM, disposePass } from "../../models/mod.ts";

/**
 * The logits of a text [tokens, vocabulary].
 *
 * @param ids The text's tokens; at least one.
 * @throws When there is an id that the model does not know.
 */
export async function textLogits(
  model: CausalLM,
  ids: readonly number[],
  { adapter = null }: { adapter?: AdapterWeights | null } = {},
): Promise<Float32Array> {
  const { hiddenSize, vocabSize, rmsNormEps } = model.config;
  const batch = {
    batch: 1,
    tokens: ids.length,
    ids: BigInt64Array.from(ids, BigInt),
    positions: BigInt64Array.from(ids, (_, at) => BigInt(at)),
    documents: new Int32Array(ids.length),
  };
  const graph = new Graph();
  const hidden = rmsNorm(
    graph.input("hidden", [1, "tokens", hiddenSize]),
    graph.input("norm", [hiddenSize]),
    rmsNormEps,
  );
  const logits = linear(hidden, graph.input("head", [vocabSize, hiddenSize]));
  const program = await model.engine.compile({ outputs: { logits } });
  try {
    const pass = await model.forward(batch, { adapter });
    try {
      const run = (weights: { norm: DeviceTensor; head: DeviceTensor }) =>
        program.run({ hidden: pass.hidden, ...weights });
      const results = await model.withHead(run, adapter);
      const numbers = (await model.engine.read(results.logits) as Float32Array).slice();
      results.logits.dispose();
      return numbers;
    } finally {
      disposePass(pass);
    }
  } finally {
    await program.dispose();
  }
}
