/** The rungs of the ladder from a single operator to a whole run: what is compared with what, and which tests do it. */
import type { ErrorKind } from "./support/measured_error.ts";

/** A row of the table in tests/CORRECTNESS.md. */
export interface Rung {
  /** What Kiln computes. */
  what: string;
  /** With what it is compared. */
  against: string;
  /** Test files that do it, from tests/. */
  tests: readonly string[];
  /** Only tests whose names match. */
  filter?: RegExp;
  /** Which of their comparisons belong to this rung; all unless told. */
  kind?: ErrorKind;
  /** Nothing is close here: results are equal, or the test fails. */
  exact?: boolean;
}

export const RUNGS: readonly Rung[] = [
  {
    what: "Gradient of every operator and kernel",
    against: "central finite differences in float64",
    tests: ["graph/ops/operators_test.ts", "kernels/kernels_test.ts", "graph/autodiff_test.ts"],
    kind: "finite differences",
  },
  {
    what: "Value and gradient of every operator and kernel, float32 on the CPU",
    against: "the float64 reference",
    tests: ["graph/ops/operators_test.ts", "kernels/kernels_test.ts"],
    kind: "reference",
  },
];
