/** What TensorFlow.js computes on. Each is loaded when it is asked for, and once: TensorFlow.js keeps its state globally. */
import * as tf from "@tensorflow/tfjs-core";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Where TensorFlow.js computes: `"node-gpu"` is TensorFlow itself with CUDA, `"node"` TensorFlow itself on the CPU (both are
 * packages with native code to install first), `"wasm"` WebAssembly, `"cpu"` plain JavaScript.
 */
export type TensorFlowBackend = "node-gpu" | "node" | "wasm" | "cpu";

/** From the fastest to the slowest. */
export const BACKENDS: readonly TensorFlowBackend[] = ["node-gpu", "node", "wasm", "cpu"];

/** A backend that has been started. */
export interface StartedBackend {
  /** TensorFlow.js's name for it. */
  name: string;
  description: string;
}

/** The release that all packages must have in common: that of import_map.json. */
const VERSION = "4.22.0";

const started = new Map<TensorFlowBackend, Promise<StartedBackend>>();

/** Loads and starts a backend. Throws, saying what is missing, when it cannot be used. */
export function startBackend(backend: TensorFlowBackend): Promise<StartedBackend> {
  let start = started.get(backend);
  if (!start) {
    start = STARTS[backend]();
    started.set(backend, start);
    // A package that is missing may be there the next time.
    start.catch(() => started.delete(backend));
  }
  return start;
}

/** Whether a backend's package is there. Those with native code are only there where somebody has installed them. */
export function isInstalled(backend: TensorFlowBackend): boolean {
  if (backend === "wasm" || backend === "cpu") return true;
  try {
    createRequire(import.meta.url).resolve(`@tensorflow/tfjs-${backend}`);
    return true;
  } catch {
    return false;
  }
}

const STARTS: Readonly<Record<TensorFlowBackend, () => Promise<StartedBackend>>> = {
  cpu: startCpu,
  wasm: startWasm,
  node: () => startNode("node"),
  "node-gpu": () => startNode("node-gpu"),
};

async function startCpu(): Promise<StartedBackend> {
  await import("@tensorflow/tfjs-backend-cpu");
  // Else it advertises the Node package on the console.
  (tf.findBackend("cpu") as unknown as { firstUse: boolean }).firstUse = false;
  await tf.setBackend("cpu");
  return { name: "cpu", description: `TensorFlow.js ${tf.version_core} in plain JavaScript` };
}

async function startWasm(): Promise<StartedBackend> {
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  // The .wasm files lie beside the module.
  const folder = new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
  wasm.setWasmPaths(fileURLToPath(folder));
  if (!await tf.setBackend("wasm")) throw new Error("TensorFlow.js could not start its WebAssembly backend");
  // The package leaves its threads to browsers.
  const threads = wasm.getThreadsCount();
  return {
    name: "wasm",
    description: `TensorFlow.js ${tf.version_core} on WebAssembly, ${threads} ${threads === 1 ? "thread" : "threads"}`,
  };
}

/** What the Node packages' backend shows of itself. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

/** TensorFlow's own library. Both packages register it under one name: a process has the one that it loaded first. */
async function startNode(backend: "node" | "node-gpu"): Promise<StartedBackend> {
  const name = "tensorflow";
  if (tf.findBackend(name) === null) {
    await import("./node_util.ts");
    // Else TensorFlow tells stderr how it was built.
    if (!Deno.env.has("TF_CPP_MIN_LOG_LEVEL")) Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "1");
    try {
      // Computed, so that nobody downloads it who does not ask for it.
      await import(nodePackage(backend));
    } catch (error) {
      throw new Error(explainNodeError(backend, error));
    }
  }
  const { isUsingGpuDevice, binding } = tf.findBackend(name) as unknown as NodeBackend;
  if (backend === "node-gpu" && !isUsingGpuDevice) {
    throw new Error(
      'backend "node-gpu" cannot be used: TensorFlow found no GPU that it can use. tfjs-node-gpu 4.22 wants CUDA 11.2 ' +
        'and cuDNN 8.1 on the library path. Use backend "node" for TensorFlow on the CPU.',
    );
  }
  await tf.setBackend(name);
  const device = isUsingGpuDevice ? "a GPU" : "the CPU";
  return { name, description: `TensorFlow.js ${tf.version_core} with TensorFlow ${binding.TF_Version} on ${device}` };
}

function nodePackage(backend: "node" | "node-gpu"): string {
  return `npm:@tensorflow/tfjs-${backend}@${VERSION}`;
}

/** Says what to install, from the error of an import. */
export function explainNodeError(backend: "node" | "node-gpu", error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  const needed = nodePackage(backend);
  const missing = /tfjs_binding\.node/.test(what)
    ? "its native library (tfjs_binding.node) is missing: the package's install script, which downloads it, has not run"
    : "the package could not be loaded";
  return `backend "${backend}" cannot be used: ${missing}. Run \`deno cache --allow-scripts=${needed} ${needed}\` in the ` +
    `project's folder, with a network. Backend "wasm" needs nothing installed. (${what.trim().split("\n")[0]})`;
}
