import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { createEngine, type DeviceTensor, type Engine } from "../../../lib/engine/mod.ts";
import { isInstalled } from "../../../lib/engine/tensorflow/backends.ts";
import { createTensorFlowEngine } from "../../../lib/engine/tensorflow/mod.ts";
import {
  add,
  cast,
  concat,
  defineOperator,
  exp,
  gatherRows,
  Graph,
  identity,
  inChunks,
  less,
  matmul,
  mul,
  split,
  sum,
} from "../../../lib/graph/mod.ts";
import { ENGINES, leavingNothing } from "./engines.ts";

const DTYPES = ["float32", "float16", "int32", "int64", "bool", "uint8"] as const;

async function floats(engine: Engine, tensor: DeviceTensor): Promise<number[]> {
  return [...await engine.read(tensor) as Float32Array];
}

/** A test on each engine, which must leave nothing behind once the tensors are freed that it was given to keep. */
function test(name: string, run: (engine: Engine, keep: <T extends DeviceTensor>(tensor: T) => T) => Promise<void>) {
  for (const [on, engine] of ENGINES) {
    Deno.test(`${name}, with ${on}`, () =>
      leavingNothing(engine, async () => {
        const kept: DeviceTensor[] = [];
        try {
          await run(engine, (tensor) => (kept.push(tensor), tensor));
        } finally {
          kept.forEach((tensor) => tensor.dispose());
        }
      }));
  }
}

Deno.test("createTensorFlowEngine() says where it runs", () => {
  const descriptions = ENGINES.map(([, engine]) => engine.description);
  assert.match(descriptions[0], /^TensorFlow\.js \d+\.\d+\.\d+ in plain JavaScript$/);
  assert.match(descriptions[1], /^TensorFlow\.js \d+\.\d+\.\d+ on WebAssembly, 1 thread$/);
  for (const [, engine] of ENGINES) assert.equal(engine.device, "tensorflow");
});

Deno.test("createEngine() makes it, and loads TensorFlow.js for nobody else", async () => {
  const engine = await createEngine({ device: "tensorflow", backend: "cpu" });
  assert.equal(engine.description, ENGINES[0][1].description);
  const script = `
    import { createEngine } from "./lib/engine/mod.ts";
    const loaded = () => "_tfengine" in globalThis;
    await createEngine({ threads: 1 });
    const before = loaded();
    await createEngine({ device: "tensorflow", backend: "cpu" });
    console.log(before, loaded());`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: new URL("../../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "false true\n", new TextDecoder().decode(stderr));
});

Deno.test("createTensorFlowEngine() takes WebAssembly where nothing faster is installed", async () => {
  const { description } = await createTensorFlowEngine();
  const faster = isInstalled("node-gpu") || isInstalled("node");
  assert.match(description, faster ? /^TensorFlow\.js / : /^TensorFlow\.js .* on WebAssembly/);
});

Deno.test("createTensorFlowEngine() names the backends there are", async () => {
  await assert.rejects(
    createTensorFlowEngine({ backend: "webgl" as "wasm" }),
    /backend: expected one of node-gpu, node, wasm, cpu, got "webgl"/,
  );
});

test("run() returns outputs by name and takes more feeds than it needs", async (engine, keep) => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n"]), graph.input("b", [])];
  const program = await engine.compile({ outputs: { total: sum(a, 0), shifted: add(a, b) } });
  assert.deepEqual([program.inputNames, program.outputNames], [["a", "b"], ["total", "shifted"]]);
  const feeds = {
    a: keep(engine.upload(Float32Array.of(1, 2, 3), [3])),
    b: keep(engine.upload(Float32Array.of(10), [])),
    other: keep(engine.zeros([1])),
  };
  const { total, shifted } = await program.run(feeds);
  assert.deepEqual([keep(total).shape, keep(shifted).shape], [[1], [3]]);
  assert.deepEqual([await floats(engine, total), await floats(engine, shifted)], [[6], [11, 12, 13]]);
  await program.dispose();
  await assert.rejects(program.run(feeds), /the program was disposed/);
});

test("run() runs for any value of the named sizes, zero included", async (engine, keep) => {
  const graph = new Graph();
  const [a, b] = [graph.input("a", ["n", 2]), graph.input("b", ["m", 2])];
  const outputs = { joined: concat([a, b], 0), product: matmul(a, b, { transposeA: false, transposeB: true }) };
  const program = await engine.compile({ outputs: { ...outputs, total: sum(outputs.product, 1) } });
  for (const [n, m] of [[1, 2], [3, 0], [0, 1], [0, 0]]) {
    const feeds = { a: keep(engine.zeros([n, 2])), b: keep(engine.zeros([m, 2])) };
    const { joined, product, total } = await program.run(feeds);
    assert.deepEqual([keep(joined), keep(product), keep(total)].map(({ shape }) => shape), [[n + m, 2], [n, m], [
      n,
      1,
    ]]);
    assert.deepEqual(await floats(engine, total), new Array(n).fill(0));
  }
  await program.dispose();
});

test("run() gives an output the name of an input, and one value several names", async (engine, keep) => {
  const graph = new Graph();
  const [x, three] = [graph.input("x", []), graph.scalar(3)];
  const y = exp(x);
  const program = await engine.compile({ outputs: { x: y, same: x, again: y, constant: three } });
  const fed = engine.upload(Float32Array.of(0), []);
  const results = await program.run({ x: fed });
  fed.dispose();
  results.x.dispose();
  Object.values(results).forEach(keep);
  const { same, again, constant } = results;
  assert.deepEqual([await floats(engine, same), await floats(engine, again)], [[0], [1]]);
  assert.deepEqual(await floats(engine, constant), [3]);
  await program.dispose();
});

test("run() carries every dtype in and out", async (engine, keep) => {
  const graph = new Graph();
  const outputs = Object.fromEntries(DTYPES.map((dtype) => [dtype, identity(graph.input(`in ${dtype}`, [2], dtype))]));
  const program = await engine.compile({ outputs });
  const data = {
    float32: Float32Array.of(0.5, -1),
    float16: Uint16Array.of(0x3c01, 0x8001), // 1 + 2^-10, and the negative number nearest to 0
    int32: Int32Array.of(7, -7),
    int64: BigInt64Array.of(2n ** 31n - 1n, -(2n ** 31n)),
    bool: Uint8Array.of(1, 0),
    uint8: Uint8Array.of(200, 3),
  };
  const feeds = Object.fromEntries(
    DTYPES.map((dtype) => [`in ${dtype}`, keep(engine.upload(data[dtype], [2], dtype))]),
  );
  const results = await program.run(feeds);
  for (const dtype of DTYPES) {
    assert.equal(keep(results[dtype]).dtype, dtype);
    assert.deepEqual(await engine.read(results[dtype]), data[dtype]);
  }
  await program.dispose();
});

test("casts between all dtypes are those of the reference", async (engine, keep) => {
  const graph = new Graph();
  const x = graph.input("x", [5]);
  const outputs = Object.fromEntries(DTYPES.map((dtype) => [dtype, cast(cast(x, dtype), "float32")]));
  const program = await engine.compile({ outputs });
  const { float16, ...others } = await program.run({
    x: keep(engine.upload(Float32Array.of(0, 0.5, 1, 2.75, 255), [5])),
  });
  // float16 is held as float32: no digit is lost on the way.
  assert.deepEqual(await floats(engine, keep(float16)), [0, 0.5, 1, 2.75, 255]);
  assert.deepEqual(await floats(engine, keep(others.float32)), [0, 0.5, 1, 2.75, 255]);
  assert.deepEqual(await floats(engine, keep(others.bool)), [0, 1, 1, 1, 1]);
  for (const dtype of ["int32", "int64", "uint8"]) {
    assert.deepEqual(await floats(engine, keep(others[dtype])), [0, 0, 1, 2, 255], dtype);
  }
  await program.dispose();
});

test("upload() refuses what it cannot hold, and copies what it can", async (engine, keep) => {
  assert.throws(() => engine.upload(new Float32Array(3), [2, 2]), /shape \[2, 2\] has 4 elements, got data of 3/);
  assert.throws(
    () => engine.upload(BigInt64Array.of(1n, 2n ** 31n), [2]),
    /int64 2147483648 at position 1: TensorFlow\.js's integers end at 2147483647/,
  );
  const array = Float32Array.of(1, 2, 3);
  const tensor = keep(engine.upload(array.subarray(1), [2]));
  const program = await engine.compile({ outputs: { y: identity(new Graph().input("x", [2])) } });
  array.fill(7);
  const y = keep((await program.run({ x: tensor })).y);
  const read = await engine.read(y) as Float32Array;
  assert.deepEqual([...read], [2, 3]);
  read.fill(8);
  assert.deepEqual(await floats(engine, y), [2, 3]);
  assert.equal(tensor.data, null);
  await program.dispose();
});

test("run() names the input that is missing or has a wrong shape or dtype", async (engine, keep) => {
  const graph = new Graph();
  const [x, mask] = [graph.input("x", ["batch", 2]), graph.input("mask", ["batch"], "int64")];
  const program = await engine.compile({ outputs: { y: add(x, x), mask: identity(mask) } });
  const good = {
    x: keep(engine.zeros([3, 2])),
    mask: keep(engine.upload(BigInt64Array.of(1n, 2n, 3n), [3])),
  };
  const expectError = (feeds: Record<string, DeviceTensor>, message: RegExp) =>
    assert.rejects(program.run(feeds), message);
  await expectError({ x: good.x }, /input "mask" is missing: expected int64\[batch\], got x/);
  await expectError({ ...good, x: keep(engine.zeros([3, 4])) }, /input "x": expected \[batch, 2\], got \[3, 4\]/);
  await expectError({ ...good, x: keep(engine.zeros([2, 2])) }, /input "mask": .* got \[3\], but batch is 2 in "x"/);
  await expectError(
    { ...good, mask: keep(engine.zeros([3])) },
    /input "mask": expected int64\[batch\], got float32\[3\]/,
  );
  good.x.dispose();
  await expectError(good, /input "x": the tensor was disposed/);
  await assert.rejects(engine.read(good.x), /read: the tensor was disposed/);
  await program.dispose();
});

test("run() replaces the tensors it is given to write to, and names those it cannot write", async (engine, keep) => {
  const graph = new Graph();
  const [total, more] = [graph.input("total", ["n"]), graph.input("more", ["n"])];
  const program = await engine.compile({ outputs: { total: add(total, more) } });
  const running = keep(engine.upload(Float32Array.of(1, 2), [2]));
  const feeds = { total: running, more: keep(engine.upload(Float32Array.of(10, 20), [2])) };
  const before = engine.bytesInUse;
  for (let step = 0; step < 3; step++) {
    assert.equal((await program.run(feeds, { total: running })).total, running);
  }
  assert.deepEqual(await floats(engine, running), [31, 62]);
  assert.equal(engine.bytesInUse, before);
  const into = (into: Record<string, DeviceTensor>, message: RegExp) =>
    assert.rejects(program.run(feeds, into), message);
  await into({ y: running }, /no output "y" to write: the program has total/);
  await into({ total: keep(engine.zeros([3])) }, /"total": expected .*float32\[2\] to write to, got float32\[3\]/);
  const disposed = engine.zeros([2]);
  disposed.dispose();
  await into({ total: disposed }, /output "total": the tensor to write to was disposed/);
  await program.dispose();
});

test("bytesInUse counts tensors until they are disposed, once each", async (engine) => {
  const x = new Graph().input("x", ["n"]);
  const program = await engine.compile({ outputs: { y: exp(x), small: cast(less(x, x), "uint8") } });
  const fed = engine.upload(new Float32Array(100), [100]);
  const { y, small } = await program.run({ x: fed });
  assert.equal(engine.bytesInUse, 400 + 400 + 100);
  y.dispose();
  y.dispose();
  assert.equal(engine.bytesInUse, 500);
  [small, fed].forEach((tensor) => tensor.dispose());
  const kept = await engine.store(new BigInt64Array(2), [2]);
  assert.equal(engine.bytesInUse, 16);
  kept.dispose();
  await program.dispose();
});

test("run() frees each value after its last use", async (engine, keep) => {
  const size = 1000;
  const x = new Graph().input("x", [size]);
  let y = x;
  for (let layer = 0; layer < 20; layer++) y = add(exp(y), mul(y, x));
  const program = await engine.compile({ outputs: { y } });
  const fed = keep(engine.zeros([size]));
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(async () => void keep((await program.run({ x: fed })).y));
  // y, e^y, y x and their sum.
  assert.ok(peakBytes - before <= 4 * 4 * size, `${(peakBytes - before) / (4 * size)} tensors`);
  await program.dispose();
});

test("compile() says which operator it lacks", async (engine) => {
  const wrong = defineOperator<null>({
    name: "wrong",
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    lower: () => {},
    evaluate: ([x]) => [x],
  });
  const x = new Graph().input("x", [2]);
  const { shifted } = inChunks({ x }, {}, 1, ({ x }) => ({ rows: { shifted: add(x, x.graph.scalar(1)) }, sums: {} }));
  const [y] = wrong([shifted], null);
  const large = identity(new Graph().constant(BigInt64Array.of(2n ** 40n), [1], "int64"));
  await assert.rejects(engine.compile({ outputs: { large } }), /graph of large: int64 1099511627776 at position 0/);
  const message = /TensorFlow\.js .* cannot compile the graph of logits: no operator "wrong"/;
  await assert.rejects(engine.compile({ outputs: { logits: y } }), message);
  await assert.rejects(engine.compile({ outputs: {} }), /compile: expected at least one output/);
});

test("compile() freezes initializers of every dtype into the program", async (engine, keep) => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["n", 2]), graph.input("w", [2, 2])];
  const [half, bytes] = [graph.input("half", [2], "float16"), graph.input("bytes", [2], "uint8")];
  const shift = add(cast(half, "float32"), cast(bytes, "float32"));
  const outputs = { y: add(matmul(x, w), shift) };
  const initializers = {
    w: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    half: { data: Uint16Array.of(0x3800, 0xc000), shape: [2] }, // 0.5 and -2
    bytes: { data: Uint8Array.of(200, 0), shape: [2] },
  };
  const program = await engine.compile({ outputs, initializers });
  assert.deepEqual(program.inputNames, ["x"]);
  const { y } = await program.run({ x: keep(engine.upload(Float32Array.of(1, 10), [1, 2])) });
  assert.deepEqual(await floats(engine, keep(y)), [231.5, 40]);
  await program.dispose();
  const narrow = { ...initializers, w: { data: new Float32Array(2), shape: [1, 2] } };
  await assert.rejects(
    engine.compile({ outputs, initializers: narrow }),
    /cannot compile the graph of y: input "w": expected \[2, 2\]/,
  );
});

test("split() takes part lengths that are only known when the program runs", async (engine, keep) => {
  const graph = new Graph();
  const [x, lengths] = [graph.input("x", ["cached + tokens"]), graph.input("lengths", [2], "int64")];
  const [cached, tokens] = split(x, 0, ["cached", "tokens"], lengths);
  const program = await engine.compile({ outputs: { cached, tokens } });
  const results = await program.run({
    x: keep(engine.upload(Float32Array.of(1, 2, 3), [3])),
    lengths: keep(engine.upload(BigInt64Array.of(2n, 1n), [2])),
  });
  const read = [await floats(engine, keep(results.cached)), await floats(engine, keep(results.tokens))];
  assert.deepEqual(read, [[1, 2], [3]]);
  await program.dispose();
});

test("run() refuses indices outside a table, and leaves nothing behind", async (engine, keep) => {
  const graph = new Graph();
  const [table, ids] = [graph.input("table", [2, 3]), graph.input("ids", ["n"], "int64")];
  const program = await engine.compile({ outputs: { y: gatherRows(mul(table, table), ids) } });
  for (const id of [2n, -1n]) {
    const feeds = { table: keep(engine.zeros([2, 3])), ids: keep(engine.upload(BigInt64Array.of(0n, id), [2])) };
    await assert.rejects(
      program.run(feeds),
      new RegExp(`given table \\[2, 3\\], ids \\[2\\]: gather_rows.*: index ${id}: expected 0 to 1`),
    );
  }
  await program.dispose();
});

Deno.test("engines of several backends take turns", async () => {
  const graph = new Graph();
  const [x, w] = [graph.input("x", ["n"]), graph.input("w", ["n"])];
  const runs = await Promise.all(ENGINES.map(async ([, engine], at) => {
    const program = await engine.compile({ outputs: { y: add(mul(x, w), graph.scalar(1)) } });
    const feeds = { x: engine.upload(Float32Array.of(1, 2), [2]), w: engine.upload(Float32Array.of(at, at), [2]) };
    return { engine, program, feeds, at };
  }));
  for (let round = 0; round < 3; round++) {
    await Promise.all(runs.map(async ({ engine, program, feeds, at }) => {
      const { y } = await program.run(feeds);
      assert.deepEqual(await floats(engine, y), [1 + at, 1 + 2 * at]);
      y.dispose();
    }));
  }
  const names = new Set<string>();
  for (const { program, feeds } of runs) {
    (await program.run(feeds)).y.dispose();
    names.add(tf.getBackend());
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    await program.dispose();
  }
  assert.equal(names.size, ENGINES.length, `each computes on a backend of its own: ${[...names]}`);
});

test("tensors of another engine are refused", async (engine, keep) => {
  const onnxRuntime = await createEngine({ threads: 1 });
  const outputs = { y: identity(new Graph().input("x", [1])) };
  const [own, other] = [await engine.compile({ outputs }), await onnxRuntime.compile({ outputs })];
  const message = /input "x": the tensor was made by an engine of another kind/;
  await assert.rejects(own.run({ x: onnxRuntime.zeros([1]) }), message);
  await assert.rejects(other.run({ x: keep(engine.zeros([1])) }), message);
  await assert.rejects(engine.read(onnxRuntime.zeros([1])), /read: .*engine of another kind/);
  await assert.rejects(onnxRuntime.read(keep(engine.zeros([1]))), /read: .*engine of another kind/);
  await own.dispose();
  await onnxRuntime.dispose();
});

Deno.test("dispose() frees programs that were not disposed", async () => {
  const before = tf.memory().numTensors;
  const engine = await createTensorFlowEngine({ backend: "wasm" });
  const graph = new Graph();
  const program = await engine.compile({ outputs: { y: add(graph.input("x", [1]), graph.scalar(1)) } });
  assert.equal(tf.memory().numTensors, before + 1);
  await engine.dispose();
  assert.equal(tf.memory().numTensors, before);
  await program.dispose();
});
