/** Which function computes which operator of Kiln's graphs. */
import { ELEMENTWISE } from "./elementwise.ts";
import { GATHERS } from "./gather.ts";
import { KERNELS } from "./kernels.ts";
import { PRODUCTS } from "./matmul.ts";
import type { Operator } from "./operator.ts";
import { QUANTIZED } from "./quantized.ts";
import { REDUCTIONS } from "./reduce.ts";
import { SHAPES } from "./shape.ts";

export * from "./operator.ts";

/** Every operator but `chunks`, whose body is a graph: see interpreter.ts. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  [ELEMENTWISE, REDUCTIONS, SHAPES, GATHERS, PRODUCTS, KERNELS, QUANTIZED].flatMap((table) => Object.entries(table)),
);
