/** An engine that counts the matrix products it runs. */
import type { CompileOptions, DeviceTensor, Program } from "../../lib/engine/mod.ts";
import {
  bindDimensions,
  chunkBody,
  type DimensionValues,
  neededNodes,
  type Node,
  resolveShape,
  type Tensor,
} from "../../lib/graph/mod.ts";
import { EngineAround } from "../support/engine_around.ts";

/**
 * Runs everything on another engine, and adds up 2 for each multiplication with its addition in products of matrices.
 * Products with a vector are left out: kernels use them as a fast way to sum.
 */
export class CountingEngine extends EngineAround {
  /** Of all matrix products so far. */
  flops = 0;

  override async compile(options: CompileOptions): Promise<Program> {
    const program = await this.engine.compile(options);
    const outputs = Object.values(options.outputs);
    const inputs = Object.values(options.outputs)[0].graph.inputs;
    const countRun = (feeds: Readonly<Record<string, DeviceTensor>>) => {
      const given = inputs.filter(({ name }) => program.inputNames.includes(name));
      const sizes = bindDimensions(given.map((tensor) => ({ tensor, shape: feeds[tensor.name].shape })));
      this.flops += productsOf(outputs, sizes);
    };
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: (feeds, into) => {
        countRun(feeds);
        return program.run(feeds, into);
      },
      dispose: () => program.dispose(),
    };
  }
}

/** Operations of all products of matrices that `outputs` need. */
function productsOf(outputs: readonly Tensor[], sizes: DimensionValues): number {
  let flops = 0;
  for (const node of neededNodes(outputs)) {
    const { operator, inputs: [a], outputs: [y], attributes } = node;
    const body = chunkBody(node);
    // All chunks together hold all rows; what fills the last one is left out.
    if (body) flops += productsOf(body, { ...sizes, chunk: resolveShape(a.shape, sizes)[0] });
    if (operator.name !== "matmul" || isSum(node)) continue;
    const inner = resolveShape(a.shape, sizes).at((attributes as { transposeA: boolean }).transposeA ? -2 : -1)!;
    flops += 2 * inner * resolveShape(y.shape, sizes).reduce((count, length) => count * length, 1);
  }
  return flops;
}

function isSum({ inputs, outputs }: Node): boolean {
  return [...inputs, ...outputs].some(({ shape }) => shape.slice(-2).includes(1));
}
