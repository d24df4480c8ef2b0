/** Engines: who runs a graph, and the tensors that live there. */
export * from "./engine.ts";
export { createEngine, type EngineOptions } from "./onnxruntime.ts";
