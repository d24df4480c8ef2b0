/**
 * Formats that other programs read and write.
 *
 * @module
 */
export * from "./export/mod.ts";
export * from "./gguf/mod.ts";
export * from "./hugging_face/mod.ts";
export { type ModelSource, sourceOfModel } from "./model_source.ts";
export { type ModelSourceOptions, openModelSource } from "./open_model_source.ts";
export * from "./onnx_decoder/mod.ts";
export type { ExportProgress } from "./progress.ts";
