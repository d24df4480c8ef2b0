/** Engines: who runs a graph, and the tensors that live there. */
export * from "./engine.ts";
export { createEngine, type EngineOptions, measureDevices } from "./create_engine.ts";
export { measureDevice } from "./measure_device.ts";
export { chooseDevice, type DeviceChoice, type DeviceSpeed, type UnavailableDevice } from "./choose_device.ts";
export { type CudaStatus, cudaStatus } from "./cuda_status.ts";
export type { CudaCard } from "./cuda_cards.ts";
export { type DeviceReport, deviceReport } from "./device_report.ts";
export { type GpuAdapter, gpuAdapters } from "./gpu_adapters.ts";
export { MOST_FROZEN_BYTES } from "./frozen_weights.ts";
export { ProgramCache } from "./program_cache.ts";
