/** `deno task devices` as people start it. */
import assert from "node:assert/strict";
import type { DeviceReport } from "../../lib/engine/mod.ts";
import { showReport } from "../../lib/tasks/devices.ts";

const hasGpu = Deno.env.get("KILN_WEBGPU") === "1";
const NO_GPU = { VK_DRIVER_FILES: "/dev/null", VK_ICD_FILENAMES: "/dev/null" };

async function devices(env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "lib/tasks/devices.ts", ...args],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), errors: text(stderr) };
}

function checkReport({ cpu, adapters, webgpu, cuda, tensorflow, auto }: DeviceReport): void {
  assert.equal(cpu.threads, navigator.hardwareConcurrency);
  assert.ok(cpu.memoryBytes > 1e8);
  for (const { description, maxBufferSize } of adapters) assert.ok(description !== "" && maxBufferSize > 1e6);
  assert.equal(webgpu.why === "", webgpu.available);
  assert.equal(cuda.available, cuda.cards.length > 0);
  const installed = tensorflow.filter(({ installed }) => installed).map(({ backend }) => backend);
  assert.ok(installed.includes("wasm") && installed.includes("cpu"));
  assert.deepEqual(tensorflow.map(({ backend }) => backend), ["node-gpu", "node", "wasm", "cpu"]);
  assert.ok(auto.speeds.some(({ device, gflops }) => device === "cpu" && gflops > 0));
  assert.ok(auto.reason.startsWith(`${auto.device}: `));
}

Deno.test({
  name: "deno task devices says what is missing where there is no GPU",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { code, out } = await devices(NO_GPU);
    assert.equal(code, 0);
    assert.match(out, /^CPU +\d+ threads, \d+\.\d GB of memory$/m);
    assert.match(out, /^webgpu +not available: .*adapter/m);
    assert.match(out, /^measured +cpu +[\d.,]+ GFLOP\/s .* GB\/s/m);
    assert.match(out, /^No GPU that ONNX Runtime's WebGPU can use\. .*libvulkan1/ms);
    const { out: json } = await devices(NO_GPU, "--json");
    const report: DeviceReport = JSON.parse(json);
    checkReport(report);
    assert.equal(report.webgpu.available, false);
    assert.equal(report.webgpu.supportsFloat16, false);
  },
});

Deno.test({
  name: "deno task devices shows a GPU, what it can do and what was measured",
  ignore: !hasGpu,
  fn: async () => {
    const { code, out } = await devices({}, "--json");
    assert.equal(code, 0);
    const report: DeviceReport = JSON.parse(out);
    checkReport(report);
    assert.ok(report.webgpu.available);
    assert.deepEqual(report.auto.speeds.map(({ device }) => device).slice(0, 2), ["cpu", "webgpu"]);
    const shown = showReport(report);
    assert.match(
      shown,
      /^GPU 1 .+\n.*shader-f16 (yes|no), subgroups (yes|no), timestamp-query (yes|no)\n.*buffers of up to/m,
    );
    assert.match(shown, /^webgpu +ready; (computes|cannot compute) float16$/m);
    assert.ok(!shown.includes("No GPU"));
    if (report.adapters.some(({ description }) => description.includes("SwiftShader"))) {
      assert.equal(report.webgpu.supportsFloat16, false);
      assert.equal(report.auto.device, "cpu");
    }
  },
});

Deno.test("deno task devices refuses an option it does not know", async () => {
  const { code, errors } = await devices({}, "--jsn");
  assert.equal(code, 2);
  assert.match(errors, /expected nothing or --json, got --jsn/);
});

Deno.test("showReport() shows several GPUs and a card for CUDA", () => {
  const adapter = {
    vendor: "nvidia",
    architecture: "ada",
    description: "RTX 4090",
    isSoftware: false,
    features: { "shader-f16": true, "subgroups": true, "timestamp-query": false },
    maxBufferSize: 2 ** 31,
    maxStorageBufferBindingSize: 134e6,
  };
  const shown = showReport({
    cpu: { threads: 16, memoryBytes: 64e9 },
    adapters: [adapter, { ...adapter, vendor: "intel", architecture: "", description: "UHD 770" }],
    webgpu: { available: true, supportsFloat16: true, why: "" },
    cuda: { available: true, missing: [], cards: [], description: "RTX 4090 with 24 GiB", advice: "" },
    tensorflow: [{ backend: "node-gpu", installed: true }, { backend: "wasm", installed: true }],
    auto: {
      device: "cuda",
      reason: "",
      speeds: [
        { device: "cpu", gflops: 1234, gigabytes: 40 },
        { device: "cuda", gflops: 9876.5, gigabytes: 5.25 },
      ],
    },
  });
  assert.equal(
    shown,
    [
      "CPU         16 threads, 64.0 GB of memory",
      "GPU 1       RTX 4090, nvidia, ada",
      "            shader-f16 yes, subgroups yes, timestamp-query no",
      "            buffers of up to 2.1 GB, 134 MB for one shader input",
      "GPU 2       UHD 770, intel",
      "            shader-f16 yes, subgroups yes, timestamp-query no",
      "            buffers of up to 2.1 GB, 134 MB for one shader input",
      "webgpu      ready; computes float16",
      "cuda        ready: RTX 4090 with 24 GiB",
      "tensorflow  backends node-gpu, wasm",
      "measured    cpu      1,234 GFLOP/s in training's products,    40 GB/s of weights in decoding's",
      "            cuda     9,877 GFLOP/s in training's products,   5.3 GB/s of weights in decoding's",
      "auto        takes cuda",
    ].join("\n"),
  );
});
