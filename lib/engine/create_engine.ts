/** Makes the engine for a device by its name, or for the fastest device at hand. */
import { chooseDevice, type DeviceSpeed, type UnavailableDevice } from "./choose_device.ts";
import { CpuEngine } from "./cpu_engine.ts";
import { createCudaEngine } from "./cuda_engine.ts";
import { cudaStatus } from "./cuda_status.ts";
import { type Device, DEVICES, type Engine } from "./engine.ts";
import { measureDevice } from "./measure_device.ts";
import { message } from "./ort_program.ts";
import type { TensorFlowBackend } from "./tensorflow/mod.ts";
import { createWebGpuEngine } from "./webgpu_engine.ts";

/** Options of `createEngine`. */
export interface EngineOptions {
  /**
   * Default `"cpu"`. `"webgpu"` needs a GPU's driver and nothing else; `"cuda"` NVIDIA's libraries (see `cudaStatus`);
   * `"tensorflow"` computes with TensorFlow.js; `"auto"` measures the CPU, WebGPU and CUDA for a second or two where there
   * is a GPU, takes the fastest and says why in the engine's `reason`. A run on another device differs in its last bits.
   */
  device?: Device | "auto";
  /** CPU threads; default: all cores. */
  threads?: number;
  /** Of device `"tensorflow"`: what TensorFlow.js computes with. Default: see `createTensorFlowEngine`. */
  backend?: TensorFlowBackend;
}

/**
 * Starts a device.
 *
 * @throws {RangeError} When an option means nothing.
 * @throws When the device cannot be used, saying what is missing.
 */
export async function createEngine({ device = "cpu", threads, backend }: EngineOptions = {}): Promise<Engine> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new RangeError(`threads: expected a whole number above 0, got ${threads}`);
  }
  if (backend !== undefined && device !== "tensorflow") {
    throw new RangeError(`backend: only device "tensorflow" has backends, got "${backend}" with device "${device}"`);
  }
  switch (device) {
    case "cpu":
      return new CpuEngine(threads ?? navigator.hardwareConcurrency);
    case "webgpu":
      return await createWebGpuEngine();
    case "cuda":
      return await createCudaEngine();
    case "tensorflow": {
      // Others need not load TensorFlow.js.
      const { createTensorFlowEngine } = await import("./tensorflow/mod.ts");
      return await createTensorFlowEngine({ backend });
    }
    case "auto":
      return await createFastest(threads);
    default: {
      const known = [...DEVICES, "auto"].map((name) => `"${name}"`).join(", ");
      throw new RangeError(`device: expected one of ${known}, got ${JSON.stringify(device)}`);
    }
  }
}

/** The devices at hand, and why the others are not. */
export interface StartedDevices {
  engines: Engine[];
  unavailable: UnavailableDevice[];
}

/** Starts every device of `"auto"` that can be started, the CPU first. The caller disposes of the engines. */
export async function startDevices({ threads }: Pick<EngineOptions, "threads"> = {}): Promise<StartedDevices> {
  const started: StartedDevices = { engines: [await createEngine({ threads })], unavailable: [] };
  for (const device of ["webgpu", "cuda"] as const) {
    // What is missing is said in full by whoever asks for CUDA by name.
    const { available, description } = device === "cuda" ? cudaStatus() : { available: true, description: "" };
    try {
      if (available) started.engines.push(await createEngine({ device }));
      else started.unavailable.push({ device, why: description });
    } catch (error) {
      started.unavailable.push({ device, why: inOnePhrase(error) });
    }
  }
  return started;
}

/** Measures engines. One that fails has its reason under `unavailable`. */
export async function measureDevices(
  engines: readonly Engine[],
): Promise<{ speeds: DeviceSpeed[]; unavailable: UnavailableDevice[] }> {
  const measured = { speeds: [] as DeviceSpeed[], unavailable: [] as UnavailableDevice[] };
  for (const engine of engines) {
    try {
      measured.speeds.push(await measureDevice(engine));
    } catch (error) {
      measured.unavailable.push({ device: engine.device, why: inOnePhrase(error) });
    }
  }
  return measured;
}

async function createFastest(threads?: number): Promise<Engine> {
  const { engines, unavailable } = await startDevices({ threads });
  const measured = await measureDevices(engines.length > 1 ? engines : []);
  const { device, reason } = chooseDevice(measured.speeds, [...unavailable, ...measured.unavailable]);
  for (const engine of engines) if (engine.device !== device) await engine.dispose();
  const chosen = engines.find((engine) => engine.device === device)!;
  return Object.assign(chosen, { reason });
}

/** What went wrong, without where in ONNX Runtime's sources it was noticed. */
function inOnePhrase(error: unknown): string {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const [line] = message(cause).trim().split("\n");
  return line.split(" was false. ").at(-1)!;
}
