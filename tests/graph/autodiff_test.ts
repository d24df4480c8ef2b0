import assert from "node:assert/strict";
import {
  add,
  cast,
  customGradient,
  defineOperator,
  evaluate,
  exp,
  gradients,
  Graph,
  mul,
  ndarray,
  reshape,
  scale,
  split,
  square,
  stopGradient,
  sum,
  type Tensor,
} from "../../lib/graph/mod.ts";

const number = (value: number) => ndarray([], [value]);

function valuesOf(tensors: Tensor[], feeds: Record<string, number>): number[] {
  const arrays = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, number(value)]));
  return evaluate(tensors, arrays).map(({ data }) => data[0]);
}

Deno.test("gradients() sums over every path to a tensor", () => {
  const graph = new Graph();
  const [x, one] = [graph.input("x", []), graph.scalar(1)];
  const y = add(mul(x, x), mul(scale(x, 3), x)); // 4 x^2
  assert.deepEqual(valuesOf(gradients([{ tensor: y, gradient: one }], [x]), { x: 2.5 }), [20]);
});

Deno.test("gradients() adds up several seeds, each with its own gradient", () => {
  const graph = new Graph();
  const [x, a, b] = ["x", "a", "b"].map((name) => graph.input(name, []));
  const seeds = [{ tensor: square(x), gradient: a }, { tensor: scale(x, 5), gradient: b }];
  assert.deepEqual(valuesOf(gradients(seeds, [x]), { x: 3, a: 7, b: 11 }), [7 * 6 + 11 * 5]);
});

Deno.test("gradients() differentiates by values inside the graph, and by a seed itself", () => {
  const graph = new Graph();
  const [x, one] = [graph.input("x", []), graph.scalar(1)];
  const inner = square(x);
  const y = mul(inner, x);
  // dy/dinner = x, dy/dx = 3 x^2, dy/dy = 1
  assert.deepEqual(valuesOf(gradients([{ tensor: y, gradient: one }], [inner, x, y]), { x: 2 }), [2, 12, 1]);
});

Deno.test("gradients() of gradients are second derivatives", () => {
  const graph = new Graph();
  const [x, one] = [graph.input("x", []), graph.scalar(1)];
  const [first] = gradients([{ tensor: exp(square(x)), gradient: one }], [x]);
  const [second] = gradients([{ tensor: first, gradient: one }], [x]);
  const expected = (2 + 4 * 0.5 ** 2) * Math.exp(0.5 ** 2);
  assert.ok(Math.abs(valuesOf([second], { x: 0.5 })[0] - expected) < 1e-12);
});

Deno.test("gradients() appends nothing for tensors that are not asked for", () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", [2]), graph.input("w", [2])];
  const y = mul(x, w);
  const before = graph.nodes.length;
  const [dx] = gradients([{ tensor: y, gradient: graph.input("dy", [2]) }], [x]);
  assert.equal(dx.node!.operator.name, "mul");
  // The rule of mul writes both products; nothing behind them may follow.
  assert.ok(graph.nodes.length - before <= 2);
});

Deno.test("gradients() treats an unused output of a node as zero", () => {
  const graph = new Graph();
  const x = graph.input("x", [3]);
  const [, tail] = split(x, 0, [1, 2]);
  const [dx] = gradients([{ tensor: sum(square(tail), 0), gradient: graph.constant([1], [1]) }], [x]);
  assert.deepEqual([...evaluate([dx], { x: ndarray([3], [5, 6, 7]) })[0].data], [0, 12, 14]);
});

Deno.test("gradients() says which tensor the loss does not depend on", () => {
  const graph = new Graph();
  const [x, y, one] = [graph.input("x", []), graph.input("y", []), graph.scalar(1)];
  assert.throws(() => gradients([{ tensor: square(x), gradient: one }], [y]), /seeds do not depend on "y"/);
  const integer = cast(x, "int64");
  const back = cast(integer, "float32");
  assert.throws(() => gradients([{ tensor: back, gradient: one }], [x]), /seeds do not depend on "x"/);
});

Deno.test("gradients() refuses no seeds, a seed of another shape and an operator without a rule", () => {
  const graph = new Graph();
  const x = graph.input("x", [2]);
  assert.throws(() => gradients([], [x]), /expected at least one seed/);
  const wrong = { tensor: square(x), gradient: graph.scalar(1) };
  assert.throws(() => gradients([wrong], [x]), /seed of "mul\d+" must have its shape \[2\], got \[\]/);
  const opaque = defineOperator<null>({
    name: "opaque",
    infer: ([input]) => [{ dtype: input.dtype, shape: input.shape }],
    lower: ({ inputs, outputs, emit }) => void emit("Identity", inputs, { outputs }),
    evaluate: ([input]) => [input],
  });
  const [y] = opaque([x], null);
  assert.throws(() => gradients([{ tensor: y, gradient: x }], [x]), /opaque has no gradient rule/);
});

Deno.test("stopGradient() keeps the value and cuts the gradient", () => {
  const graph = new Graph();
  const [x, one] = [graph.input("x", []), graph.scalar(1)];
  const y = mul(stopGradient(square(x)), x); // x^3, of which one factor counts
  const [dx] = gradients([{ tensor: y, gradient: one }], [x]);
  assert.deepEqual(valuesOf([y, dx], { x: 3 }), [27, 9]);
  const cut = stopGradient(x);
  assert.throws(() => gradients([{ tensor: cut, gradient: one }], [x]), /do not depend on "x"/);
});

Deno.test("customGradient() uses the rule and not the operators behind the values", () => {
  const graph = new Graph();
  const [x, w, one] = [graph.input("x", []), graph.input("w", []), graph.scalar(1)];
  const [y, z] = customGradient([mul(x, w), square(x)], [x, w], ({ outputs, outputGradients }) => {
    assert.equal(outputs.length, 2);
    assert.equal(outputGradients[1], null); // z is not part of the loss
    return [scale(outputGradients[0]!, 100), null];
  });
  assert.deepEqual(valuesOf([y, z], { x: 3, w: 4 }), [12, 9]);
  const [dx] = gradients([{ tensor: y, gradient: one }], [x]);
  assert.deepEqual(valuesOf([dx], { x: 3, w: 4 }), [100]);
  assert.throws(() => gradients([{ tensor: y, gradient: one }], [w]), /do not depend on "w"/);
});

Deno.test("gradients() goes through values of named sizes", () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", 2]);
  const y = reshape(sum(square(x), [0, 1]), []);
  const [dx] = gradients([{ tensor: y, gradient: graph.scalar(1) }], [x]);
  assert.deepEqual(dx.shape, ["batch", 2]);
  assert.deepEqual([...evaluate([dx], { x: ndarray([2, 2], [1, 2, 3, 4]) })[0].data], [2, 4, 6, 8]);
});
