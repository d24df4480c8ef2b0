/** The yardstick: one bare MatMul in ONNX Runtime. */
import type { Engine } from "../../lib/engine/mod.ts";
import { gatherRows, Graph, matmul } from "../../lib/graph/mod.ts";
import type { Measured } from "./measure.ts";
import { randomNumbers } from "./random_data.ts";
import type { ProductShape } from "./shapes.ts";

/** A product to time. */
export interface Product {
  run: Measured;
  flops: number;
  /** The product's first element, as it was computed. */
  firstElement(): Promise<number>;
}

/** The factors of a product, row by row. */
export interface Factors {
  a: Float32Array<ArrayBuffer>;
  b: Float32Array<ArrayBuffer>;
}

/** 2 for each multiplication with its addition. */
export function productFlops({ rows, inner, columns }: ProductShape): number {
  return 2 * rows * inner * columns;
}

/** Random factors of a shape. */
export function randomFactors({ rows, inner, columns }: ProductShape): Factors {
  return { a: randomNumbers(rows * inner), b: randomNumbers(inner * columns) };
}

/**
 * The bare product. Of its result only one row comes back to JavaScript: copying all of it, which takes a good part of the
 * time at the house model's size, would make the yardstick shorter.
 */
export async function rawMatmul(engine: Engine, shape: ProductShape, factors = randomFactors(shape)): Promise<Product> {
  const { rows, inner, columns } = shape;
  const graph = new Graph();
  const product = matmul(graph.input("a", [rows, inner]), graph.input("b", [inner, columns]));
  const program = await engine.compile({ outputs: { y: gatherRows(product, graph.constant([0], [1], "int64")) } });
  const feeds = { a: await engine.store(factors.a, [rows, inner]), b: await engine.store(factors.b, [inner, columns]) };
  return {
    run: async () => (await program.run(feeds)).y.dispose(),
    flops: productFlops(shape),
    firstElement: async () => {
      const { y } = await program.run(feeds);
      return Number((await engine.read(y))[0]);
    },
  };
}
