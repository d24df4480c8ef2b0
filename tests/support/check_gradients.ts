/** Judges gradient rules by central finite differences, all in float64. */
import assert from "node:assert/strict";
import { evaluate, gradients, type NdArray, ndarray } from "../../lib/graph/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { recordError } from "./measured_error.ts";
import { buildCase, differentiated, type GraphCase } from "./graph_case.ts";

/** How far along a direction the two ends of the difference lie, relative to values of about 1. */
const STEP = 1e-5;
const DIRECTIONS = 3;

/**
 * Compares the gradient by every differentiated input with finite differences of loss = sum(outputs times random
 * weights), along random directions.
 *
 * @param tolerance Largest difference, relative to the length of the gradient.
 */
export function checkGradients(graphCase: GraphCase, tolerance = 1e-6): void {
  const built = buildCase(graphCase);
  const { feeds, graph, inputs } = built;
  const { wrt, losses } = differentiated(graphCase, built);
  const random = new Random(graphCase.name);
  const plain = evaluate(losses, feeds);
  const weights = plain.map(({ shape, data }) => ndarray(shape, data.map(() => random.normal())));

  const seeds = losses.map((tensor, i) => ({ tensor, gradient: graph.input(`weights ${i}`, tensor.shape) }));
  const weightFeeds = Object.fromEntries(weights.map((weight, i) => [`weights ${i}`, weight]));
  const analytic = evaluate(gradients(seeds, wrt.map((name) => inputs[name])), { ...feeds, ...weightFeeds });
  const loss = (changed: Record<string, NdArray>) =>
    evaluate(losses, { ...feeds, ...changed }).reduce((total, output, i) => total + dot(output, weights[i]), 0);

  wrt.forEach((name, position) => {
    const value = feeds[name];
    const gradient = analytic[position];
    assert.deepEqual(gradient.shape, value.shape, `${graphCase.name}: shape of the gradient by ${name}`);
    const length = Math.sqrt(dot(gradient, gradient));
    for (let k = 0; k < DIRECTIONS; k++) {
      const direction = ndarray(value.shape, value.data.map(() => random.normal()));
      const moved = (step: number) => ndarray(value.shape, value.data.map((x, i) => x + step * direction.data[i]));
      const numeric = (loss({ [name]: moved(STEP) }) - loss({ [name]: moved(-STEP) })) / (2 * STEP);
      const expected = dot(gradient, direction);
      const error = Math.abs(numeric - expected);
      const scale = Math.max(length, Math.abs(expected));
      recordError("finite differences", `${graphCase.name}: gradient by ${name}`, scale === 0 ? error : error / scale);
      assert.ok(
        error <= tolerance * scale,
        `${graphCase.name}: gradient by ${name}: ${expected} along a direction, finite differences give ${numeric}`,
      );
    }
  });
}

function dot(a: NdArray, b: NdArray): number {
  return a.data.reduce((total, x, i) => total + x * b.data[i], 0);
}
