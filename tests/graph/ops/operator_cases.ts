/** Every operator in the situations that matter, for gradient checks and for each engine. */
import type { GraphCase } from "../../support/graph_case.ts";
import { COMPARISONS_AND_CASTS, elementwiseCases, selectCases } from "./elementwise_cases.ts";
import { indexCases, matmulCases } from "./product_cases.ts";
import { quantizedCases } from "./quantized_cases.ts";
import { placeCases, reduceCases, shapeCases } from "./shape_cases.ts";

const { products, matrices } = quantizedCases();

/** Cases whose gradients are checked too. */
export const DIFFERENTIABLE: readonly GraphCase[] = [
  ...elementwiseCases(),
  ...reduceCases(),
  ...shapeCases(),
  ...matmulCases(),
  ...indexCases(),
  ...selectCases(),
  ...products,
];

/** Cases without a gradient. */
export const PLAIN: readonly GraphCase[] = [...COMPARISONS_AND_CASTS, ...placeCases(), ...matrices];
