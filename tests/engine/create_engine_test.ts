import assert from "node:assert/strict";
import { createEngine, type EngineOptions } from "../../lib/engine/mod.ts";

const hasGpu = Deno.env.get("KILN_WEBGPU") === "1";

Deno.test("createEngine() names the option that means nothing", async () => {
  const refuse = async (options: unknown, expected: RegExp) => {
    await assert.rejects(createEngine(options as EngineOptions), expected);
  };
  await refuse(
    { device: "gpu" },
    /^RangeError: device: expected one of "cpu", "webgpu", "cuda", "tensorflow", "auto", got "gpu"$/,
  );
  await refuse({ device: null }, /^RangeError: device: expected one of .*, got null$/);
  for (const threads of [0, 1.5, -1, NaN, "2"]) {
    await refuse({ threads }, new RegExp(`^RangeError: threads: expected a whole number above 0, got ${threads}$`));
  }
  await refuse(
    { backend: "wasm" },
    /^RangeError: backend: only device "tensorflow" has backends, got "wasm" with device "cpu"$/,
  );
});

Deno.test("createEngine() says which library CUDA lacks, and what to install", {
  // Where somebody has installed them, there is nothing to say.
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64",
}, async () => {
  const { cudaStatus } = await import("../../lib/engine/mod.ts");
  if (cudaStatus().available) return;
  await assert.rejects(
    createEngine({ device: "cuda" }),
    /^Error: device "cuda" cannot be used: .*(lib[\w.]+\.so|driver).*\. Use device "webgpu" or "cpu" otherwise\.\n.*/s,
  );
});

Deno.test("createEngine() runs TensorFlow.js", async () => {
  const engine = await createEngine({ device: "tensorflow", backend: "cpu" });
  assert.equal(engine.device, "tensorflow");
  await engine.dispose();
});

/** What `device: "auto"` takes in a process of its own. */
async function auto(env: Record<string, string>): Promise<{ device: string; description: string; reason: string }> {
  const script =
    'import { createEngine } from "./lib/engine/mod.ts"; const engine = await createEngine({ device: "auto" });' +
    "const { device, description, reason } = engine; await engine.dispose();" +
    "console.log(JSON.stringify({ device, description, reason }));";
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1", ...env },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: 'createEngine() with device "auto" takes the CPU where there is no GPU, and says what WebGPU lacked',
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { device, description, reason } = await auto({ VK_DRIVER_FILES: "/dev/null", VK_ICD_FILENAMES: "/dev/null" });
    assert.equal(device, "cpu");
    assert.match(description, /on the CPU, \d+ threads/);
    assert.match(reason, /^cpu: no GPU to use \(webgpu: [^\/]*adapter[^\/]*; cuda: .+\)$/);
  },
});

Deno.test({
  name: 'createEngine() with device "auto" measures a GPU against the CPU',
  ignore: !hasGpu,
  fn: async () => {
    const { device, reason } = await auto({});
    const other = device === "cpu" ? "webgpu" : "cpu";
    assert.match(
      reason,
      new RegExp(`^${device}: [\\d.,]+ GFLOP/s against .*${other === "cpu" ? "the CPU" : other}.* GB/s against`),
    );
    // The substitutes for a GPU in our tests run on the CPU, many times slower than ONNX Runtime.
    if (/swiftshader|lavapipe/i.test(Deno.env.get("VK_ICD_FILENAMES") ?? "")) assert.equal(device, "cpu");
  },
});
