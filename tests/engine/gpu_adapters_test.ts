import assert from "node:assert/strict";
import { gpuAdapters } from "../../lib/engine/mod.ts";

/** What an adapter says of itself. */
function adapter(description: string, vendor: string, features: string[] = [], isFallbackAdapter = false): GPUAdapter {
  return {
    info: { vendor, architecture: "", description, device: "", isFallbackAdapter },
    features: new Set(features),
    limits: { maxBufferSize: 4e9, maxStorageBufferBindingSize: 2e9 },
  } as unknown as GPUAdapter;
}

function answering(answer: (options: GPURequestAdapterOptions) => Promise<GPUAdapter | null>) {
  return { requestAdapter: (options: GPURequestAdapterOptions = {}) => answer(options) } as GPU;
}

Deno.test("gpuAdapters() lists each adapter once, by what it is and can do", async () => {
  const fast = adapter("Radeon RX 7900", "4098", ["shader-f16", "timestamp-query", "clip-distances"]);
  const slow = adapter("Intel UHD 770", "intel", ["subgroups"]);
  const adapters = await gpuAdapters(answering(({ powerPreference, forceFallbackAdapter }) => {
    if (forceFallbackAdapter) return Promise.reject(new TypeError("none"));
    return Promise.resolve(powerPreference === "low-power" ? slow : fast);
  }));
  assert.deepEqual(adapters, [
    {
      vendor: "amd",
      architecture: "",
      description: "Radeon RX 7900",
      isSoftware: false,
      features: { "shader-f16": true, "subgroups": false, "timestamp-query": true },
      maxBufferSize: 4e9,
      maxStorageBufferBindingSize: 2e9,
    },
    {
      vendor: "intel",
      architecture: "",
      description: "Intel UHD 770",
      isSoftware: false,
      features: { "shader-f16": false, "subgroups": true, "timestamp-query": false },
      maxBufferSize: 4e9,
      maxStorageBufferBindingSize: 2e9,
    },
  ]);
  assert.equal((await gpuAdapters(answering(() => Promise.resolve(fast)))).length, 1);
});

Deno.test("gpuAdapters() tells simulations, by what they say or how they are called", async () => {
  for (
    const [name, isFallback] of [["SwiftShader Device", false], ["llvmpipe (LLVM 15)", false], ["Other", true]] as const
  ) {
    const [found] = await gpuAdapters(answering(() => Promise.resolve(adapter(name, "65541", [], isFallback))));
    assert.deepEqual([found.isSoftware, found.vendor], [true, "mesa"], name);
  }
});

Deno.test("gpuAdapters() is empty where there is no adapter", async () => {
  assert.deepEqual(await gpuAdapters(answering(() => Promise.resolve(null))), []);
});
