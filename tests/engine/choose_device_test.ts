import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseDevice, createEngine, measureDevices } from "../../lib/engine/mod.ts";

const CPU = { device: "cpu", gflops: 240, gigabytes: 20 } as const;
const GPU = { device: "webgpu", gflops: 1200, gigabytes: 100 } as const;
const CUDA = { device: "cuda", gflops: 9000, gigabytes: 50 } as const;

Deno.test("chooseDevice() takes the fastest, and says by what numbers", () => {
  assert.deepEqual(chooseDevice([CPU, GPU]), {
    device: "webgpu",
    reason: "webgpu: 1,200 GFLOP/s against 240 on the CPU in training's products, " +
      "100 GB/s against 20 on the CPU in decoding's",
  });
  assert.deepEqual(chooseDevice([CPU, GPU, CUDA]), {
    device: "cuda",
    reason: "cuda: 9,000 GFLOP/s against 240 on the CPU and 1,200 on webgpu in training's products, " +
      "50 GB/s against 20 on the CPU and 100 on webgpu in decoding's",
  });
});

Deno.test("chooseDevice() keeps the CPU where a GPU is only simulated, or hardly faster", () => {
  const simulated = { device: "webgpu", gflops: 0.33, gigabytes: 0.039 } as const;
  const { device, reason } = chooseDevice([CPU, simulated]);
  assert.equal(device, "cpu");
  assert.match(reason, /^cpu: 240 GFLOP\/s against 0\.33 on webgpu .*, 20 GB\/s against 0\.039 on webgpu/);
  assert.equal(chooseDevice([CPU, { ...CPU, device: "webgpu" }]).device, "cpu");
  assert.equal(chooseDevice([CPU, { device: "webgpu", gflops: 240 * 1.09, gigabytes: 20 * 1.09 }]).device, "cpu");
  assert.equal(chooseDevice([CPU, { device: "webgpu", gflops: 240 * 1.11, gigabytes: 20 * 1.11 }]).device, "webgpu");
});

Deno.test("chooseDevice() gives why the others cannot be used, measured or not", () => {
  const unavailable = [{ device: "webgpu", why: "no adapter" }, { device: "cuda", why: "no library" }] as const;
  const nothing = { device: "cpu", reason: "cpu: no GPU to use (webgpu: no adapter; cuda: no library)" } as const;
  assert.deepEqual(chooseDevice([], unavailable), nothing);
  assert.deepEqual(chooseDevice([CPU], unavailable), nothing);
  assert.match(chooseDevice([CPU, GPU], [unavailable[1]]).reason, /^webgpu: .*decoding's \(cuda: no library\)$/);
});

Deno.test("chooseDevice() keeps a CPU that could not be measured", () => {
  const reason = "cpu: it was not measured, so no other is known to be faster";
  assert.deepEqual(chooseDevice([GPU]), { device: "cpu", reason });
  const unavailable = [{ device: "cpu", why: "no memory left" }] as const;
  assert.deepEqual(chooseDevice([GPU], unavailable), { device: "cpu", reason: `${reason} (cpu: no memory left)` });
});

Deno.test("chooseDevice() never takes a device that is slower at both than another", () => {
  const rate = fc.double({ min: 0.01, max: 1e5, noNaN: true });
  fc.assert(fc.property(rate, rate, rate, rate, (a, b, c, d) => {
    const [cpu, gpu] = [{ ...CPU, gflops: a, gigabytes: b }, { ...GPU, gflops: c, gigabytes: d }];
    const { device } = chooseDevice([cpu, gpu]);
    if (a >= c && b >= d) assert.equal(device, "cpu");
    if (c > 1.2 * a && d > 1.2 * b) assert.equal(device, "webgpu");
    assert.equal(chooseDevice([gpu, cpu]).device, device);
  }));
});

Deno.test("measureDevices() measures an engine, and gives the reason where it fails", async () => {
  const engine = await createEngine({ threads: 1 });
  const before = engine.bytesInUse;
  const { speeds, unavailable } = await measureDevices([engine]);
  assert.deepEqual(unavailable, []);
  assert.deepEqual(speeds.map(({ device }) => device), ["cpu"]);
  for (const number of [speeds[0].gflops, speeds[0].gigabytes]) assert.ok(number > 0.001 && number < 1e6, `${number}`);
  assert.equal(engine.bytesInUse, before);
  const broken = Object.create(engine, {
    compile: { value: () => Promise.reject(new Error("/src/context.cc:7 Init ok was false. No room left\nmore")) },
  });
  assert.deepEqual(await measureDevices([broken]), {
    speeds: [],
    unavailable: [{ device: "cpu", why: "No room left" }],
  });
  await engine.dispose();
});
