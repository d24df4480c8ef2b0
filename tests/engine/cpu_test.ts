import assert from "node:assert/strict";
import { createEngine, type DeviceTensor } from "../../lib/engine/mod.ts";
import {
  add,
  cast,
  concat,
  defineOperator,
  exp,
  Graph,
  identity,
  less,
  matmul,
  mul,
  scatterAddRows,
  split,
  sum,
} from "../../lib/graph/mod.ts";

const engine = await createEngine({ threads: 2 });

function floats(tensor: DeviceTensor): number[] {
  return [...tensor.data as Float32Array];
}

Deno.test("createEngine() says where it runs", () => {
  assert.equal(engine.device, "cpu");
  assert.match(engine.description, /^ONNX Runtime \d+\.\d+\.\d+ on the CPU, 2 threads$/);
});

Deno.test("run() returns outputs by name and takes more feeds than it needs", async () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n"]), graph.input("b", [])];
  const program = await engine.compile({ outputs: { total: sum(a, 0), shifted: add(a, b) } });
  assert.deepEqual(program.inputNames, ["a", "b"]);
  assert.deepEqual(program.outputNames, ["total", "shifted"]);
  const feeds = {
    a: engine.upload(Float32Array.of(1, 2, 3), [3]),
    b: engine.upload(Float32Array.of(10), []),
    other: engine.zeros([1]),
  };
  const { total, shifted } = await program.run(feeds);
  assert.deepEqual(total.shape, [1]);
  assert.deepEqual(floats(total), [6]);
  assert.deepEqual(floats(shifted), [11, 12, 13]);
  await program.dispose();
});

Deno.test("run() runs for any value of the named sizes, zero included", async () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n", 2]), graph.input("b", ["m", 2])];
  const program = await engine.compile({ outputs: { joined: concat([a, b], 0) } });
  for (const [n, m] of [[1, 2], [3, 0], [0, 1]]) {
    const { joined } = await program.run({ a: engine.zeros([n, 2]), b: engine.zeros([m, 2]) });
    assert.deepEqual(joined.shape, [n + m, 2]);
  }
  await program.dispose();
});

Deno.test("run() gives an output the name of an input", async () => {
  const x = new Graph().input("x", []);
  const program = await engine.compile({ outputs: { x: exp(x), same: x } });
  const { x: result, same } = await program.run({ x: engine.upload(Float32Array.of(0), []) });
  assert.deepEqual([floats(result), floats(same)], [[1], [0]]);
  await program.dispose();
});

Deno.test("run() carries every dtype in and out", async () => {
  const graph = new Graph();
  const names = ["float32", "float16", "int32", "int64", "bool", "uint8"] as const;
  const outputs = Object.fromEntries(names.map((dtype) => [dtype, identity(graph.input(`in ${dtype}`, [2], dtype))]));
  const program = await engine.compile({ outputs });
  const data = {
    float32: Float32Array.of(0.5, -1),
    float16: Uint16Array.of(0x3c00, 0xc000),
    int32: Int32Array.of(7, -7),
    int64: BigInt64Array.of(2n ** 40n, -1n),
    bool: Uint8Array.of(1, 0),
    uint8: Uint8Array.of(200, 3),
  };
  const feeds = Object.fromEntries(names.map((dtype) => [`in ${dtype}`, engine.upload(data[dtype], [2], dtype)]));
  const results = await program.run(feeds);
  for (const dtype of names) {
    assert.equal(results[dtype].dtype, dtype);
    assert.deepEqual(await engine.read(results[dtype]), data[dtype]);
  }
  await program.dispose();
});

Deno.test("run() names the input that is missing or has a wrong shape or dtype", async () => {
  const graph = new Graph();
  const x = graph.input("x", ["batch", 2]);
  const mask = graph.input("mask", ["batch"], "int64");
  const program = await engine.compile({ outputs: { y: add(x, x), mask: identity(mask) } });
  const good = { x: engine.zeros([3, 2]), mask: engine.upload(BigInt64Array.of(1n, 2n, 3n), [3]) };
  const expectError = async (feeds: Record<string, DeviceTensor>, message: RegExp) => {
    await assert.rejects(program.run(feeds), message);
  };
  await expectError({ x: good.x }, /input "mask" is missing: expected int64\[batch\], got x/);
  await expectError({}, /input "x" is missing: expected float32\[batch, 2\], got nothing/);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`weight ${i}`, good.x]));
  await expectError(many, /input "x" is missing: .*, got weight 0, .*weight 11 and 288 more$/);
  await expectError({ ...good, x: engine.zeros([3, 4]) }, /input "x": expected \[batch, 2\], got \[3, 4\]/);
  await expectError({ ...good, x: engine.zeros([2, 2]) }, /input "mask": .* got \[3\], but batch is 2 in "x"/);
  await expectError({ ...good, mask: engine.zeros([3]) }, /input "mask": expected int64\[batch\], got float32\[3\]/);
  await program.run(good);
  good.x.dispose();
  await expectError(good, /input "x": the tensor was disposed/);
  await program.dispose();
});

Deno.test("run() says what ONNX Runtime could not do, with the shapes it was given", async () => {
  const graph = new Graph();
  const [table, ids] = [graph.input("table", [2, 3]), graph.input("ids", ["n"], "int64")];
  const y = scatterAddRows(table, ids, graph.input("rows", ["n", 3]));
  const program = await engine.compile({ outputs: { y } });
  const feeds = {
    table: engine.zeros([2, 3]),
    ids: engine.upload(BigInt64Array.of(5n), [1]),
    rows: engine.zeros([1, 3]),
  };
  await assert.rejects(
    program.run(feeds),
    /on the CPU.*given table \[2, 3\], ids \[1\], rows \[1, 3\]: .*out of data bounds, idx=5/,
  );
  await program.dispose();
});

Deno.test("run() writes into the given tensors and returns them", async () => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n"]), graph.input("b", ["n"])];
  const program = await engine.compile({ outputs: { sum: add(a, b), product: mul(a, b) } });
  const feeds = { a: engine.upload(Float32Array.of(2, 3), [2]), b: engine.upload(Float32Array.of(5, 7), [2]) };
  const mine = new Float32Array(2);
  const target = engine.upload(mine, [2]);
  const results = await program.run(feeds, { product: target });
  assert.equal(results.product, target);
  assert.deepEqual(mine, Float32Array.of(10, 21));
  assert.deepEqual(floats(results.sum), [7, 10]);
  await program.dispose();
});

Deno.test("run() may write an output over the input it is computed from", async () => {
  const graph = new Graph();
  const [total, more] = [graph.input("total", ["n"]), graph.input("more", ["n"])];
  const program = await engine.compile({ outputs: { total: add(total, more) } });
  const running = engine.upload(Float32Array.of(1, 2), [2]);
  const feeds = { total: running, more: engine.upload(Float32Array.of(10, 20), [2]) };
  for (let step = 0; step < 3; step++) await program.run(feeds, { total: running });
  assert.deepEqual(floats(running), [31, 62]);
  await program.dispose();
});

Deno.test("run() names an output it cannot write to", async () => {
  const x = new Graph().input("x", ["n"]);
  const program = await engine.compile({ outputs: { y: exp(x) } });
  const feeds = { x: engine.zeros([2]) };
  const into = async (into: Record<string, DeviceTensor>, message: RegExp) => {
    await assert.rejects(program.run(feeds, into), message);
  };
  await into({ z: engine.zeros([2]) }, /no output "z" to write: the program has y/);
  await into({ y: engine.zeros([2, 1]) }, /"y": expected a tensor of float32\[2\] to write to, got float32\[2, 1\]/);
  await into({ y: engine.upload(new Int32Array(2), [2]) }, /"y": expected .*float32\[2\] to write to, got int32\[2\]/);
  await into({ y: engine.zeros([3]) }, /"y": expected .*float32\[2\] to write to, got float32\[3\]/);
  await program.dispose();
});

Deno.test("upload() makes a view of an array's part a tensor, and later writes to it count", async () => {
  const x = new Graph().input("x", [2]);
  const program = await engine.compile({ outputs: { y: identity(x) } });
  const array = Float32Array.of(0, 1, 2, 3);
  const tensor = engine.upload(array.subarray(1, 3), [2]);
  array[2] = 20;
  assert.deepEqual(floats((await program.run({ x: tensor })).y), [1, 20]);
  await program.dispose();
});

Deno.test("upload() refuses data that does not fill the shape", () => {
  assert.throws(() => engine.upload(new Float32Array(3), [2, 2]), /4.*3|3.*4/);
});

Deno.test("bytesInUse counts tensors until they are disposed, once each", async () => {
  const before = engine.bytesInUse;
  const x = new Graph().input("x", ["n"]);
  const program = await engine.compile({ outputs: { y: exp(x), small: cast(less(x, x), "uint8") } });
  const fed = engine.upload(new Float32Array(100), [100]);
  assert.equal(engine.bytesInUse, before + 400);
  const { y, small } = await program.run({ x: fed });
  assert.equal(engine.bytesInUse, before + 400 + 400 + 100);
  y.dispose();
  y.dispose();
  assert.equal(engine.bytesInUse, before + 500);
  small.dispose();
  fed.dispose();
  const kept = await engine.store(new BigInt64Array(2), [2]);
  assert.equal(engine.bytesInUse, before + 16);
  kept.dispose();
  assert.equal(engine.bytesInUse, before);
  await program.dispose();
});

Deno.test("compile() says which outputs it could not compile and why", async () => {
  const wrong = defineOperator<null>({
    name: "wrong",
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    lower: ({ inputs, outputs, emit }) => void emit("NoSuchOperator", inputs, { outputs }),
    evaluate: ([x]) => [x],
  });
  const [y] = wrong([new Graph().input("x", [2])], null);
  await assert.rejects(
    engine.compile({ outputs: { logits: y } }),
    /on the CPU, 2 threads cannot compile the graph of logits: .*NoSuchOperator/s,
  );
  await assert.rejects(engine.compile({ outputs: {} }), /compile: expected at least one output/);
});

Deno.test("compile() freezes initializers into the program", async () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["n", 2]), graph.input("w", [2, 2])];
  const initializers = { w: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } };
  const program = await engine.compile({ outputs: { y: matmul(x, w) }, initializers });
  assert.deepEqual(program.inputNames, ["x"]);
  const { y } = await program.run({ x: engine.upload(Float32Array.of(1, 10), [1, 2]) });
  assert.deepEqual(floats(y), [31, 42]);
  await program.dispose();
});

Deno.test("split() takes part lengths that are only known when the program runs", async () => {
  const graph = new Graph();
  const x = graph.input("x", ["cached + tokens"]);
  const lengths = graph.input("lengths", [2], "int64");
  const [cached, tokens] = split(x, 0, ["cached", "tokens"], lengths);
  const program = await engine.compile({ outputs: { cached, tokens } });
  const results = await program.run({
    x: engine.upload(Float32Array.of(1, 2, 3), [3]),
    lengths: engine.upload(BigInt64Array.of(2n, 1n), [2]),
  });
  assert.deepEqual([floats(results.cached), floats(results.tokens)], [[1, 2], [3]]);
  await program.dispose();
});

Deno.test("scatterAddRows() loses nothing where many rows go to few places, with several threads", async () => {
  const graph = new Graph();
  const [width, count] = [64, 6000];
  const table = graph.input("table", [3, width]);
  const ids = graph.input("ids", ["n"], "int64");
  const program = await engine.compile({
    outputs: { y: scatterAddRows(table, ids, graph.input("rows", ["n", width])) },
  });
  const feeds = {
    table: engine.zeros([3, width]),
    ids: engine.upload(BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 3)), [count]),
    rows: engine.upload(new Float32Array(count * width).fill(1), [count, width]),
  };
  for (let attempt = 0; attempt < 5; attempt++) {
    const { y } = await program.run(feeds);
    assert.deepEqual(new Set(floats(y)), new Set([count / 3]));
  }
  await program.dispose();
});

Deno.test("dispose() frees programs that were not disposed, and may come twice", async () => {
  const own = await createEngine({ threads: 1 });
  const x = new Graph().input("x", [1]);
  const [left, freed] = [await own.compile({ outputs: { y: exp(x) } }), await own.compile({ outputs: { y: exp(x) } })];
  await freed.dispose();
  await own.dispose();
  for (const program of [left, freed]) {
    await program.dispose();
    await assert.rejects(program.run({ x: own.zeros([1]) }), /^Error: the program was disposed$/);
  }
  await own.dispose();
});
