import assert from "node:assert/strict";
import { createEngine } from "../../../lib/engine/mod.ts";
import {
  evaluate,
  exp,
  gradients,
  Graph,
  inChunks,
  linear,
  matmul,
  mul,
  ndarray,
  reshape,
  sizeOf,
  sum,
  type Tensor,
} from "../../../lib/graph/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, runOnEngine } from "../../support/check_engine.ts";

const engine = await createEngine({ threads: 1 });

interface Inputs {
  x: Tensor;
  c: Tensor;
  w: Tensor;
}

/** The sum of exponentials of a product, a number a row, with the gradient of their sum weighted by c. */
function expensive({ x, c, w }: Inputs) {
  const value = reshape(sum(exp(linear(x, w)), -1), [x.shape[0]]);
  const [dx, dw] = gradients([{ tensor: value, gradient: c }], [x, w]);
  return { value, dx, dw };
}

function inputsOn(graph: Graph): Inputs {
  return { x: graph.input("x", ["rows", 3]), c: graph.input("c", ["rows"]), w: graph.input("w", [5, 3]) };
}

function chunked(mostRows: number): Record<string, Tensor> {
  const { x, c, w } = inputsOn(new Graph());
  const doubled = mul(w, w.graph.scalar(2));
  return inChunks({ x, c }, { w: doubled }, mostRows, (inputs) => {
    const { value, dx, dw } = expensive(inputs);
    return { rows: { value, dx, x: inputs.x }, sums: { dw } };
  });
}

function feedsOf(rows: number) {
  const random = new Random(rows);
  const numbers = (...shape: number[]) =>
    ndarray(shape, Float32Array.from({ length: sizeOf(shape) }, () => random.normal()));
  return { x: numbers(rows, 3), c: numbers(rows), w: numbers(5, 3) };
}

for (const [rows, mostRows] of [[0, 4], [1, 4], [4, 4], [5, 4], [7, 3], [9, 2], [100, 7]]) {
  Deno.test(`inChunks() of ${rows} rows, ${mostRows} at a time, gives what all rows together give`, async () => {
    const feeds = feedsOf(rows);
    const { x, c, w } = inputsOn(new Graph());
    const whole = expensive({ x, c, w });
    const doubled = { ...feeds, w: ndarray([5, 3], feeds.w.data.map((value) => 2 * value)) };
    const expected = evaluate([whole.value, whole.dx, whole.dw], doubled);
    const parts = chunked(mostRows);
    const names = ["value", "dx", "dw"];
    const reference = evaluate(names.map((name) => parts[name]), feeds);
    const computed = await runOnEngine(engine, parts, feeds);
    names.forEach((name, i) => {
      assertClose(reference[i], expected[i], 1e-12, `${name} in float64`);
      assertClose(computed[name], expected[i], 1e-5, name);
    });
    assertClose(computed.x, feeds.x, 0, "a value that is only handed through");
  });
}

Deno.test("inChunks() compiles once for all numbers of rows", async () => {
  const program = await engine.compile({ outputs: chunked(4) });
  for (const rows of [3, 11, 4]) {
    const feeds = Object.entries(feedsOf(rows)).map(([name, { shape, data }]) =>
      [name, engine.upload(Float32Array.from(data), shape)] as const
    );
    const { value, dw, dx } = await program.run(Object.fromEntries(feeds));
    assert.deepEqual([value.shape, dx.shape, dw.shape], [[rows], [rows, 3], [5, 3]]);
  }
  await program.dispose();
});

Deno.test("inChunks() can stand twice in one graph, and a result of one go into the other", async () => {
  const { x, c, w } = inputsOn(new Graph());
  const body = (inputs: Inputs) => {
    const { value, dw } = expensive(inputs);
    return { rows: { value }, sums: { dw } };
  };
  const first = inChunks({ x, c }, { w }, 2, body);
  const second = inChunks(
    { x: matmul(x, x.graph.constant([0, 1, 0, 1, 0, 0, 0, 0, 1], [3, 3])), c: first.value },
    { w: first.dw },
    3,
    body,
  );
  const feeds = feedsOf(5);
  feeds.w = ndarray([5, 3], feeds.w.data.map((value) => value / 10));
  feeds.x = ndarray([5, 3], feeds.x.data.map((value) => value / 10));
  const expected = evaluate([second.value, second.dw], feeds);
  const computed = await runOnEngine(engine, second, feeds);
  assertClose(computed.value, expected[0], 1e-5, "value");
  assertClose(computed.dw, expected[1], 1e-5, "dw");
});
