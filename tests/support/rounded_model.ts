/** A float32 model whose weights are what another precision makes of them: what models of few bits are judged by. */
import { createEngine, type DeviceTensor, type Engine } from "../../lib/engine/mod.ts";
import { evaluate, Graph, type NdArray } from "../../lib/graph/mod.ts";
import { denseWeight } from "../../lib/kernels/mod.ts";
import { CausalLM, loadModel, type PrecisionOptions, weightForm, weightShapes } from "../../lib/models/mod.ts";
import { declareWeight } from "../../lib/models/precision.ts";

/** Loads a folder in a precision, and turns each weight back into numbers with the float64 reference. */
export async function roundedModel(folder: string, engine: Engine, precision: PrecisionOptions): Promise<CausalLM> {
  const own = await createEngine({ threads: 1 });
  const model = await loadModel(folder, { engine: own, precision });
  const weights = new Map<string, DeviceTensor>();
  for (const [name, shape] of Object.entries(weightShapes(model.config))) {
    const graph = new Graph();
    const matrix = denseWeight(declareWeight(graph, name, shape, weightForm(name, shape, model.config)));
    const feeds: Record<string, NdArray> = {};
    for (const { name: part, dtype } of graph.inputs) {
      const { data, shape } = model.weights.get(part)!;
      const bits = data as Uint16Array<ArrayBuffer>;
      const numbers = dtype === "float16" ? new Float16Array(bits.buffer, bits.byteOffset, bits.length) : bits;
      feeds[part] = { shape: [...shape], data: Float64Array.from(numbers, Number) };
    }
    const [{ data }] = evaluate([matrix], feeds);
    weights.set(name, await engine.store(Float32Array.from(data), shape));
  }
  const { precision: _, ...config } = model.config;
  await model.dispose();
  await own.dispose();
  return new CausalLM(engine, config, weights);
}
