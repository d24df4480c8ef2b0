/**
 * Every operator and kernel on the WebGPU provider, with fallback to the CPU forbidden. Runs where KILN_WEBGPU=1 says that
 * there is a GPU, or software in its place: `. .ci/install-lavapipe.sh` or `. .ci/install-swiftshader.sh`.
 */
import assert from "node:assert/strict";
import { createEngine, type DeviceTensor, type Engine, type TensorData } from "../../lib/engine/mod.ts";
import { add, defineOperator, exp, gradients, Graph, mul, ndarray, sum } from "../../lib/graph/mod.ts";
import { adamwGraph, adamwStepValues } from "../../lib/kernels/mod.ts";
import { DIFFERENTIABLE, PLAIN } from "../graph/ops/operator_cases.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "../kernels/kernel_cases.ts";
import { checkEngine } from "../support/check_engine.ts";
import { DECODER_BLOCK } from "../support/decoder_block.ts";

const ignore = Deno.env.get("KILN_WEBGPU") !== "1";
// One engine for the file, made by the first test that runs: where there is no GPU, none may be asked for.
let shared: Promise<Engine> | undefined;
const webgpu = () => shared ??= createEngine({ device: "webgpu" });

for (const graphCase of [...DIFFERENTIABLE, ...TRAINING_KERNELS, DECODER_BLOCK]) {
  if (graphCase.notOnWebGpu) continue;
  Deno.test({
    name: `${graphCase.name}: value and gradient on WebGPU`,
    ignore,
    fn: async () => await checkEngine(await webgpu(), graphCase, { tolerance: 2e-5 }),
  });
}

for (const graphCase of [...PLAIN, ...DECODING_KERNELS]) {
  if (graphCase.notOnWebGpu) continue;
  Deno.test({
    name: `${graphCase.name}: value on WebGPU`,
    ignore,
    fn: async () => await checkEngine(await webgpu(), graphCase, { differentiable: false }),
  });
}

Deno.test({
  name: "WebGPU keeps outputs on the device, feeds them on, and reads them back",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    const before = engine.bytesInUse;
    const x = new Graph().input("x", ["n"]);
    const program = await engine.compile({ outputs: { y: exp(x) } });
    const stored = await engine.store(Float32Array.of(0, 1), [2]);
    assert.equal(stored.data, null);
    const { y } = await program.run({ x: stored });
    assert.equal(y.data, null);
    const { y: twice } = await program.run({ x: y });
    const values = await engine.read(twice) as Float32Array;
    assert.ok(Math.abs(values[0] - Math.E) < 1e-5 && Math.abs(values[1] - Math.exp(Math.E)) < 1e-4, `${values}`);
    assert.equal(engine.bytesInUse, before + 3 * 8);
    [stored, y, twice].forEach((tensor: DeviceTensor) => tensor.dispose());
    assert.equal(engine.bytesInUse, before);
    await assert.rejects(program.run({ x: y }), /input "x": the tensor was disposed/);
    await program.dispose();
  },
});

Deno.test({
  name: "WebGPU frees tensors whose program, or whose engine, was disposed before them",
  ignore,
  fn: async () => {
    const script = `
      import { createEngine } from "./lib/engine/mod.ts";
      import { exp, Graph } from "./lib/graph/mod.ts";
      const engine = await createEngine({ device: "webgpu" });
      const program = await engine.compile({ outputs: { y: exp(new Graph().input("x", ["n"])) } });
      const x = await engine.store(Float32Array.of(0, 1), [2]);
      const { y } = await program.run({ x });
      const { y: other } = await program.run({ x });
      await program.dispose();
      y.dispose();
      await engine.dispose();
      other.dispose();
      x.dispose();
      console.log(engine.bytesInUse, "bytes");
    `;
    // In a process of its own, where glibc overwrites what is freed: reading it ends the process for certain.
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      cwd: new URL("../..", import.meta.url),
      env: { GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.perturb=85", NO_COLOR: "1" },
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, error);
    assert.match(out, /^0 bytes$/m);
  },
});

Deno.test({
  name: "WebGPU refuses tensors to write to, which ONNX Runtime would leave as they are",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    const program = await engine.compile({ outputs: { y: exp(new Graph().input("x", ["n"])) } });
    const stored = await engine.store(Float32Array.of(0, 1), [2]);
    await assert.rejects(
      program.run({ x: stored }, { y: stored }),
      /output "y": ONNX Runtime .* on WebGPU cannot write to a tensor that is given/,
    );
    stored.dispose();
    await program.dispose();
  },
});

Deno.test({
  name: "a tensor on the device is refused by engines that cannot reach it",
  ignore,
  fn: async () => {
    const [engine, cpu] = [await webgpu(), await createEngine({ threads: 1 })];
    const program = await cpu.compile({ outputs: { y: exp(new Graph().input("x", ["n"])) } });
    const stored = await engine.store(Float32Array.of(0, 1), [2]);
    const message = /the tensor (to write to )?was made by an engine of another kind/;
    await assert.rejects(program.run({ x: stored }), message);
    await assert.rejects(program.run({ x: cpu.zeros([2]) }, { y: stored }), message);
    await assert.rejects(cpu.read(stored), message);
    stored.dispose();
    await cpu.dispose();
  },
});

Deno.test({
  name: "WebGPU stores and reads numbers of each type that it computes with, and leaves nothing of one that it cannot",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    const before = engine.bytesInUse;
    const all: TensorData[] = [Float32Array.of(0.5, -1), Int32Array.of(7, -7), Uint8Array.of(200, 3)];
    if (engine.supportsFloat16) all.push(Uint16Array.of(0x3c01, 0xc000));
    for (const data of all) {
      const stored = await engine.store(data, [2]);
      assert.equal(stored.data, null);
      assert.equal(engine.bytesInUse, before + data.byteLength);
      assert.deepEqual(await engine.read(stored), data);
      stored.dispose();
    }
    await assert.rejects(engine.store(BigInt64Array.of(1n), [1]), /on WebGPU cannot compile the graph of y/);
    assert.equal(engine.bytesInUse, before);
  },
});

Deno.test({
  name: "WebGPU refuses a graph with an operator that it lacks, rather than compute it on the CPU",
  ignore,
  fn: async () => {
    const round = defineOperator<null>({
      name: "round",
      infer: ([{ dtype, shape }]) => [{ dtype, shape }],
      lower({ inputs, outputs, emit }) {
        emit("Round", inputs, { outputs });
      },
      evaluate: ([x]) => [ndarray(x.shape, x.data.map(Math.round))],
    });
    const x = new Graph().input("x", ["n"]);
    const outputs = { y: exp(round([exp(x)], null)[0]) };
    const message = /on WebGPU cannot compile the graph of y: .*fallback to CPU EP has been explicitly disabled/s;
    await assert.rejects((await webgpu()).compile({ outputs }), message);
    const cpu = await createEngine({ device: "cpu" });
    await (await cpu.compile({ outputs })).dispose();
    await cpu.dispose();
  },
});

Deno.test({
  name: "WebGPU refuses a tensor without elements",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    assert.throws(() => engine.zeros([2, 0, 3]), /WebGPU cannot hold a tensor without elements, got \[2, 0, 3\]/);
    await assert.rejects(engine.store(new Float32Array(0), [0]), /without elements, got \[0\]/);
  },
});

Deno.test({
  name: "WebGPU trains: AdamW takes a loss to its minimum with everything on the device",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    const graph = new Graph();
    const [parameter, goal] = [graph.input("parameter", [2]), graph.input("goal", [2])];
    const distance = add(parameter, goal); // to minus the goal
    const loss = sum(mul(distance, distance), 0);
    const [gradient] = gradients([{ tensor: loss, gradient: graph.constant([1], [1]) }], [parameter]);
    const backward = await engine.compile({ outputs: { gradient } });
    const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
    const update = await engine.compile({ outputs: adamwGraph(options) });
    const goalTensor = await engine.store(Float32Array.of(1, -2), [2]);
    let state: Record<string, DeviceTensor> = {};
    for (const name of ["parameter", "firstMoment", "secondMoment"]) {
      state[name] = await engine.store(new Float32Array(2), [2]);
    }
    for (let t = 1; t <= 120; t++) {
      const { gradient } = await backward.run({ parameter: state.parameter, goal: goalTensor });
      const values = adamwStepValues(options, { t, learningRate: 0.1, weightDecay: 0, clip: 1 });
      const scalars = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, engine.upload(Float32Array.of(value), [])]),
      );
      const next = await update.run({ ...state, ...scalars, gradient });
      [gradient, ...Object.values(state), ...Object.values(scalars)].forEach((tensor) => tensor.dispose());
      state = next;
    }
    const values = await engine.read(state.parameter) as Float32Array;
    assert.ok(Math.abs(values[0] + 1) < 0.02 && Math.abs(values[1] - 2) < 0.02, `${values}`);
    Object.values(state).forEach((tensor) => tensor.dispose());
    goalTensor.dispose();
    await backward.dispose();
    await update.dispose();
  },
});

Deno.test({
  name: "createEngine() says what a machine without a GPU lacks",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // In a process of its own, where the Vulkan loader is shown no driver.
    const script = 'import { createEngine } from "./lib/engine/mod.ts"; await createEngine({ device: "webgpu" });';
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      cwd: new URL("../..", import.meta.url),
      env: { VK_DRIVER_FILES: "/dev/null", VK_ICD_FILENAMES: "/dev/null", NO_COLOR: "1" },
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /device "webgpu" cannot be used: .*It needs a GPU with a Vulkan, Metal or D3D12 driver .*Use device "cpu" otherwise\./s,
    );
  },
});

Deno.test({
  name: "the shared WebGPU engine ends with no tensor left",
  ignore,
  fn: async () => {
    const engine = await webgpu();
    assert.equal(engine.bytesInUse, 0);
    await engine.dispose();
  },
});
