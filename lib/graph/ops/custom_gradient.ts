/** Replacing the chain rule by a gradient written by hand, and cutting it. */
import { defineOperator, type GradientContext } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

/** The gradient by each of `inputs`, given the gradient of each output. */
export type GradientRule = (
  context: Pick<GradientContext<unknown>, "inputs" | "outputs" | "outputGradients" | "outputGradient">,
) => readonly (Tensor | null)[];

interface CustomGradient {
  count: number;
  rule: GradientRule;
}

const applyCustomGradient = defineOperator<CustomGradient>({
  name: "custom_gradient",
  cheap: true,
  infer: (tensors, { count }) => tensors.slice(0, count).map(({ dtype, shape }) => ({ dtype, shape })),
  gradient({ inputs, outputs, outputGradients, outputGradient, attributes: { count, rule } }) {
    const values = inputs.slice(0, count).map(() => null);
    return [...values, ...rule({ inputs: inputs.slice(count), outputs, outputGradients, outputGradient })];
  },
  lower({ inputs, outputs, alias }) {
    outputs.forEach((output, position) => alias(output, inputs[position]));
  },
  evaluate: (arrays, { count }) => arrays.slice(0, count),
});

/**
 * Gives `values` a gradient of their own: by each of `inputs` it is what `rule` returns, whatever operators computed the
 * values. Kernels use it where the derivative by hand is shorter or more exact than the chain rule.
 */
export function customGradient(
  values: readonly Tensor[],
  inputs: readonly Tensor[],
  rule: GradientRule,
): readonly Tensor[] {
  return applyCustomGradient([...values, ...inputs], { count: values.length, rule });
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return customGradient([x], [], () => [])[0];
}
