/** Matrices of 4 and 8 bits, with and without zero points, in odd numbers of blocks. */
import * as g from "../../../lib/graph/mod.ts";
import { type CaseInput, type GraphCase, indices, normal, uniform } from "../../support/graph_case.ts";

const sizes = { batch: 2, tokens: 3 };

function bytes(shape: readonly number[]): CaseInput {
  return { shape, dtype: "uint8", value: (random) => random.integer(0, 255) };
}

function matrix(bits: g.Bits, rows: number, columns: number, withZeros: boolean): Record<string, CaseInput> {
  const shapes = g.quantizedShapes(bits, rows, columns);
  return {
    codes: bytes(shapes.codes),
    scales: uniform(0.01, 0.1, ...shapes.scales),
    ...(withZeros ? { zeroPoints: bytes(shapes.zeroPoints) } : {}),
  };
}

/** Products, whole matrices and their rows. Scales are frozen too: only `x` has a gradient. */
export function quantizedCases(): { products: GraphCase[]; matrices: GraphCase[] } {
  const products: GraphCase[] = [];
  const matrices: GraphCase[] = [];
  for (const bits of [4, 8] as const) {
    for (const withZeros of [false, true]) {
      for (const columns of [32, 96]) {
        const of = `${bits} bits, ${columns / 32} blocks${withZeros ? ", zero points" : ""}`;
        const inputs = matrix(bits, 6, columns, withZeros);
        const parts = ({ codes, scales, zeroPoints = null! }: Record<string, g.Tensor>) => ({
          bits,
          codes,
          scales,
          zeroPoints,
        });
        products.push({
          name: `quantizedLinear of ${of}`,
          inputs: { x: normal("batch", "tokens", columns), ...inputs },
          differentiate: ["x"],
          sizes,
          build: (tensors) => g.quantizedLinear(tensors.x, parts(tensors)),
        });
        matrices.push(
          { name: `dequantize ${of}`, inputs, build: (tensors) => g.dequantize(parts(tensors)) },
          {
            name: `dequantizeRows of ${of}`,
            inputs: { ids: indices(6, "batch", "tokens"), ...inputs },
            sizes,
            build: (tensors) => g.dequantizeRows(parts(tensors), tensors.ids),
          },
        );
      }
    }
  }
  return { products, matrices };
}
