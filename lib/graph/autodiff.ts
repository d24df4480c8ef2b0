/** Reverse-mode differentiation: a graph's gradient is more graph. */
import { sameShape, showShape } from "./dimension.ts";
import { add } from "./ops/elementwise.ts";
import type { Tensor } from "./tensor.ts";

/** Where the derivative starts: a tensor, and the gradient of the loss by it (of the same shape). */
export interface Seed {
  tensor: Tensor;
  gradient: Tensor;
}

/**
 * Adds to the graph the nodes that compute the gradient of a loss, and returns its gradient by each tensor of `wrt`.
 *
 * @param seeds Tensors that the loss depends on, each with the loss's gradient by it: vector-Jacobian products, summed.
 * @param wrt Tensors to differentiate by.
 * @throws When a seed's gradient has another shape than its tensor, a tensor of `wrt` does not reach any seed, or a node
 *   on the way has no gradient rule.
 */
export function gradients(seeds: readonly Seed[], wrt: readonly Tensor[]): Tensor[] {
  if (seeds.length === 0) throw new Error("gradients: expected at least one seed");
  const { graph } = seeds[0].tensor;
  // Only nodes through which a tensor of wrt is reached matter; everything else is constant to us.
  const reaching = new Set<Tensor>(wrt);
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => reaching.has(input))) node.outputs.forEach((output) => reaching.add(output));
  }

  const gradientOf = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor) => {
    const existing = gradientOf.get(tensor);
    gradientOf.set(tensor, existing ? add(existing, gradient) : gradient);
  };
  for (const { tensor, gradient } of seeds) {
    if (!sameShape(tensor.shape, gradient.shape)) {
      const [expected, got] = [showShape(tensor.shape), showShape(gradient.shape)];
      throw new Error(`gradients: the seed of "${tensor.name}" must have its shape ${expected}, got ${got}`);
    }
    accumulate(tensor, gradient);
  }

  const wanted = new Set<Tensor>(wrt);
  // A copy, since gradient rules append nodes while we walk back.
  for (const node of [...graph.nodes].reverse()) {
    if (!node.inputs.some((input) => reaching.has(input))) continue;
    const outputGradients = node.outputs.map((output) => gradientOf.get(output) ?? null);
    const outputGradient = outputGradients.find((gradient) => gradient !== null);
    if (!outputGradient) continue;
    const { operator, inputs, outputs, attributes } = node;
    if (!operator.gradient) throw new Error(`gradients: ${operator.name} has no gradient rule`);
    const inputGradients = operator.gradient({ inputs, outputs, attributes, outputGradients, outputGradient });
    inputs.forEach((input, position) => {
      const gradient = inputGradients[position];
      if (gradient && reaching.has(input)) accumulate(input, gradient);
    });
    for (const output of outputs) if (!wanted.has(output)) gradientOf.delete(output);
  }

  return wrt.map((tensor) => {
    const gradient = gradientOf.get(tensor);
    if (!gradient) throw new Error(`gradients: the seeds do not depend on "${tensor.name}"`);
    return gradient;
  });
}
