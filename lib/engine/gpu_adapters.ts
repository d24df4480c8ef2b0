/** The GPUs that Deno's own WebGPU sees: what they are and what matters of what they can do. */

/** One adapter. */
export interface GpuAdapter {
  /** `"nvidia"`, or a number that stands for nobody we know. */
  vendor: string;
  architecture: string;
  description: string;
  /** Whether it only pretends to be a GPU: the CPU does its work. */
  isSoftware: boolean;
  /** `shader-f16` (float16), `subgroups` and `timestamp-query`, whether it has them. */
  features: Record<"shader-f16" | "subgroups" | "timestamp-query", boolean>;
  /** Bytes of the largest buffer, and of the largest that a shader can be given. */
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
}

/** Drivers without a name for their vendor give its number (PCI's, or Khronos' from 0x10000 on). */
const VENDORS: Readonly<Record<string, string>> = {
  [0x1002]: "amd",
  [0x106b]: "apple",
  [0x10de]: "nvidia",
  [0x13b5]: "arm",
  [0x1ae0]: "google",
  [0x5143]: "qualcomm",
  [0x8086]: "intel",
  [0x10005]: "mesa",
};

/** What software adapters call themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/**
 * Asks for the fast, the economical and the substitute adapter, which on most machines are one. Which of them ONNX Runtime
 * takes is its own choice.
 *
 * @param gpu What to ask; `navigator.gpu` unless a test says otherwise.
 */
export async function gpuAdapters(gpu: Pick<GPU, "requestAdapter"> | undefined = navigator.gpu): Promise<GpuAdapter[]> {
  const wishes: GPURequestAdapterOptions[] = [
    { powerPreference: "high-performance" },
    { powerPreference: "low-power" },
    { forceFallbackAdapter: true },
  ];
  const found = new Map<string, GpuAdapter>();
  for (const wish of wishes) {
    // Deno throws where other runtimes give null.
    const adapter = await gpu?.requestAdapter(wish).catch(() => null);
    if (!adapter) continue;
    const described = describe(adapter);
    found.set(JSON.stringify(described), described);
  }
  return [...found.values()];
}

function describe({ info, features, limits }: Pick<GPUAdapter, "info" | "features" | "limits">): GpuAdapter {
  const { isFallbackAdapter = false } = info as { isFallbackAdapter?: boolean };
  // Features that its types do not know are plain strings all the same.
  const names = new Set<string>(features);
  return {
    vendor: VENDORS[info.vendor] ?? info.vendor,
    architecture: info.architecture,
    description: info.description,
    isSoftware: isFallbackAdapter || SOFTWARE.test(info.description),
    features: {
      "shader-f16": names.has("shader-f16"),
      "subgroups": names.has("subgroups"),
      "timestamp-query": names.has("timestamp-query"),
    },
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  };
}
