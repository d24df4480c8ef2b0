import assert from "node:assert/strict";
import fc from "fast-check";
import { add, bindDimensions, evaluate, Graph, mul, ndarray, neededNodes, reshape, sub } from "../../lib/graph/mod.ts";

Deno.test("evaluate() broadcasts as NumPy does", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }).chain((full) => {
    const thinned = fc.tuple(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(full.length)).map(
      ([keep, from]) => full.map((length, axis) => keep[axis] ? length : 1).slice(from),
    );
    return fc.tuple(fc.constant(full), thinned, thinned);
  });
  fc.assert(fc.property(shapes, ([, shapeA, shapeB]) => {
    const graph = new Graph();
    const [a, b] = [graph.input("a", shapeA), graph.input("b", shapeB)];
    const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
    const fill = (shape: readonly number[], from: number) =>
      ndarray(shape, Array.from({ length: count(shape) }, (_, i) => from + i));
    const feeds = { a: fill(shapeA, 0), b: fill(shapeB, 1000) };
    const [result] = evaluate([sub(a, b)], feeds);
    // Every index of the result, read in both factors with the axes of size 1 held at 0.
    const read = (value: { shape: readonly number[]; data: Float64Array }, index: readonly number[]) => {
      const own = index.slice(index.length - value.shape.length);
      return value.data[
        own.reduce((offset, i, axis) => offset * value.shape[axis] + (value.shape[axis] === 1 ? 0 : i), 0)
      ];
    };
    for (let position = 0; position < result.data.length; position++) {
      let left = position;
      const index = result.shape.toReversed().map((length) => {
        const i = left % length;
        left = Math.floor(left / length);
        return i;
      }).toReversed();
      assert.equal(result.data[position], read(feeds.a, index) - read(feeds.b, index));
    }
  }));
});

Deno.test("evaluate() takes named sizes from what is fed", () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", "tokens", 2]);
  const [flat] = evaluate([reshape(x, ["batch*tokens", 2])], { x: ndarray([3, 2, 2]) });
  assert.deepEqual(flat.shape, [6, 2]);
});

Deno.test("evaluate() needs only the inputs that its outputs need, and names one that is missing", () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", [1]), graph.input("b", [1])];
  const product = mul(a, a);
  const both = add(product, b);
  assert.equal(evaluate([product], { a: ndarray([1], [3]) })[0].data[0], 9);
  assert.throws(() => evaluate([both], { a: ndarray([1], [3]) }), /input "b" has no value/);
});

Deno.test("neededNodes() gives the nodes an output depends on, in running order", () => {
  const graph = new Graph();
  const a = graph.input("a", []);
  const first = mul(a, a);
  mul(first, first);
  const last = add(first, a);
  assert.deepEqual(neededNodes([last]), [first.node, last.node]);
  assert.deepEqual(neededNodes([a]), []);
});

Deno.test("bindDimensions() names the input whose shape is wrong and what it contradicts", () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", "tokens", 4]);
  const mask = graph.input("mask", ["batch", "cached + tokens"]);
  const cache = graph.input("cache", ["cached"]);
  const bind = (xShape: number[], maskShape: number[], cacheShape: number[]) =>
    bindDimensions([
      { tensor: x, shape: xShape },
      { tensor: mask, shape: maskShape },
      { tensor: cache, shape: cacheShape },
    ]);
  assert.deepEqual(bind([2, 3, 4], [2, 8], [5]), { batch: 2, tokens: 3, cached: 5 });
  assert.throws(() => bind([2, 3, 5], [2, 8], [5]), /input "x": expected \[batch, tokens, 4\], got \[2, 3, 5\]$/);
  assert.throws(() => bind([2, 3], [2, 8], [5]), /input "x": expected \[batch, tokens, 4\], got \[2, 3\]$/);
  assert.throws(() => bind([2, 3, 4], [1, 8], [5]), /input "mask": .* got \[1, 8\], but batch is 2 in "x"/);
  assert.throws(() => bind([2, 3, 4], [2, 9], [5]), /input "mask": .* got \[2, 9\], but cached \+ tokens is 8/);
});
