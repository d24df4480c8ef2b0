/** Everything that can be said about the devices of a machine. */
import { chooseDevice, type DeviceChoice, type DeviceSpeed } from "./choose_device.ts";
import { measureDevices, startDevices } from "./create_engine.ts";
import { type CudaStatus, cudaStatus } from "./cuda_status.ts";
import { type GpuAdapter, gpuAdapters } from "./gpu_adapters.ts";

/** What `deno task devices` shows. */
export interface DeviceReport {
  cpu: { threads: number; memoryBytes: number };
  /** What Deno's own WebGPU sees. */
  adapters: GpuAdapter[];
  /** ONNX Runtime's WebGPU provider, which looks for adapters itself. */
  webgpu: { available: boolean; supportsFloat16: boolean; why: string };
  cuda: CudaStatus;
  /** TensorFlow.js's backends; those not installed are not downloaded to look. */
  tensorflow: { backend: string; installed: boolean }[];
  /** What `device: "auto"` takes, and what was measured. */
  auto: DeviceChoice & { speeds: DeviceSpeed[] };
}

/** Looks at everything, and measures what can be started: takes a second or two. */
export async function deviceReport(): Promise<DeviceReport> {
  const { engines, unavailable } = await startDevices();
  try {
    const measured = await measureDevices(engines);
    const webgpu = engines.find(({ device }) => device === "webgpu");
    const why = unavailable.find(({ device }) => device === "webgpu")?.why ?? "";
    // TensorFlow.js is not loaded for those who do not ask.
    const { BACKENDS, isInstalled } = await import("./tensorflow/backends.ts");
    return {
      cpu: { threads: navigator.hardwareConcurrency, memoryBytes: Deno.systemMemoryInfo().total },
      adapters: await gpuAdapters(),
      webgpu: { available: webgpu !== undefined, supportsFloat16: webgpu?.supportsFloat16 ?? false, why },
      cuda: cudaStatus(),
      tensorflow: BACKENDS.map((backend) => ({ backend, installed: isInstalled(backend) })),
      auto: {
        ...chooseDevice(measured.speeds, [...unavailable, ...measured.unavailable]),
        speeds: measured.speeds,
      },
    };
  } finally {
    for (const engine of engines) await engine.dispose();
  }
}
