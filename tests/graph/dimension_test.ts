import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addDimensions,
  broadcastShapes,
  type Dimension,
  multiplyDimensions,
  normalizeAxis,
  resolveDimension,
  resolveShape,
  showShape,
} from "../../lib/graph/mod.ts";

const NAMES = ["batch", "tokens", "cached", "rank_2"];
const sizes = fc.record(Object.fromEntries(NAMES.map((name) => [name, fc.integer({ min: 0, max: 9 })])));

/** A size built by the functions under test, and the number it must stand for. */
interface Built {
  dimension: Dimension;
  value(sizes: Record<string, number>): number;
}

const { built } = fc.letrec<{ built: Built; leaf: Built; sum: Built; product: Built }>((tie) => ({
  built: fc.oneof({ maxDepth: 4 }, tie("leaf"), tie("sum"), tie("product")),
  leaf: fc.oneof(
    fc.integer({ min: -4, max: 6 }).map((number): Built => ({ dimension: number, value: () => number })),
    fc.constantFrom(...NAMES).map((name): Built => ({ dimension: name, value: (sizes) => sizes[name] })),
  ),
  sum: fc.tuple(tie("built"), tie("built")).map(([a, b]): Built => ({
    dimension: addDimensions(a.dimension, b.dimension),
    value: (sizes) => a.value(sizes) + b.value(sizes),
  })),
  product: fc.array(tie("built"), { maxLength: 3 }).map((factors): Built => ({
    dimension: multiplyDimensions(...factors.map(({ dimension }) => dimension)),
    value: (sizes) => factors.reduce((product, factor) => product * factor.value(sizes), 1),
  })),
}));

Deno.test("addDimensions() and multiplyDimensions() agree with the arithmetic of numbers", () => {
  fc.assert(fc.property(built, sizes, ({ dimension, value }, sizes) => {
    assert.equal(resolveDimension(dimension, sizes), value(sizes) + 0);
  }));
});

Deno.test("addDimensions() and multiplyDimensions() write equal sizes as equal strings", () => {
  fc.assert(fc.property(built, built, built, (a, b, c) => {
    const [x, y, z] = [a.dimension, b.dimension, c.dimension];
    assert.equal(addDimensions(x, y), addDimensions(y, x));
    assert.equal(addDimensions(addDimensions(x, y), z), addDimensions(x, addDimensions(y, z)));
    assert.equal(multiplyDimensions(x, y, z), multiplyDimensions(z, multiplyDimensions(y, x)));
    const distributed = addDimensions(multiplyDimensions(x, y), multiplyDimensions(x, z));
    assert.equal(multiplyDimensions(x, addDimensions(y, z)), distributed);
    assert.equal(addDimensions(x, multiplyDimensions(-1, x)), 0);
  }));
});

Deno.test("addDimensions() and multiplyDimensions() write sizes as people do", () => {
  assert.equal(addDimensions("tokens", "cached"), "cached + tokens");
  assert.equal(addDimensions("tokens", 3), "tokens + 3");
  assert.equal(multiplyDimensions(4, "tokens"), "4*tokens");
  assert.equal(multiplyDimensions("tokens", "batch"), "batch*tokens");
  assert.equal(multiplyDimensions(), 1);
  assert.equal(addDimensions("4*tokens", multiplyDimensions(-4, "tokens")), 0);
});

Deno.test("resolveDimension() names the size that has no value, and text that is no size", () => {
  assert.throws(() => resolveDimension("cached + tokens", { tokens: 2 }), /"cached \+ tokens": no value for "cached"/);
  assert.throws(() => addDimensions("two words", 1), /"two words": expected names and integers/);
});

Deno.test("resolveShape() gives numbers", () => {
  assert.deepEqual(resolveShape(["batch", "2*tokens", 3], { batch: 5, tokens: 7 }), [5, 14, 3]);
});

Deno.test("normalizeAxis() counts negative axes from the end and names a wrong one", () => {
  assert.equal(normalizeAxis("sum", -1, ["batch", 3]), 1);
  assert.equal(normalizeAxis("sum", 0, ["batch", 3]), 0);
  assert.throws(() => normalizeAxis("sum", 2, ["batch", 3]), /sum: axis 2 is not an axis of \[batch, 3\]/);
  assert.throws(() => normalizeAxis("sum", -3, ["batch", 3]), /sum: axis -3 /);
  assert.throws(() => normalizeAxis("sum", 0, []), /sum: axis 0 is not an axis of \[\]/);
});

/** Two shapes that broadcast: a common one with axes set to 1 and leading axes left out. */
const broadcastable = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(...NAMES)), { maxLength: 4 })
  .chain((full) => {
    const thinned = fc.tuple(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(full.length)).map(
      ([keep, from]) => full.map((length, axis): Dimension => keep[axis] ? length : 1).slice(from),
    );
    return fc.tuple(thinned, thinned);
  });

Deno.test("broadcastShapes() takes on each axis the size that is not 1", () => {
  fc.assert(fc.property(broadcastable, ([a, b]) => {
    const shape = broadcastShapes(a, b);
    assert.deepEqual(broadcastShapes(b, a), shape);
    assert.equal(shape.length, Math.max(a.length, b.length));
    for (let fromEnd = 1; fromEnd <= shape.length; fromEnd++) {
      const candidates = [a.at(-fromEnd) ?? 1, b.at(-fromEnd) ?? 1].filter((length) => length !== 1);
      assert.equal(shape.at(-fromEnd), candidates[0] ?? 1);
    }
  }));
});

Deno.test("broadcastShapes() names both shapes when they do not fit", () => {
  assert.throws(() => broadcastShapes(["batch", 3], ["tokens", 3]), /\[batch, 3\] and \[tokens, 3\] do not broadcast/);
  assert.throws(() => broadcastShapes([2], [3]), /2 against 3/);
});

Deno.test("showShape() writes a shape as people do", () => {
  assert.equal(showShape(["batch", "4*tokens", 64]), "[batch, 4*tokens, 64]");
  assert.equal(showShape([]), "[]");
});
