/**
 * GGUF, the file format of llama.cpp: whole models to and from one file, and the container itself.
 *
 * @module
 */
export {
  blockSizeOf,
  GgufError,
  type GgufStoredType,
  type GgufTensorType,
  maxNameBytes,
  tensorBytes,
} from "./format.ts";
export { loadGguf, type LoadGgufOptions, loadSource } from "./load_gguf.ts";
export * from "./metadata_values.ts";
export { openGgufSource } from "./open_gguf_source.ts";
export { FILE_TYPES, GGUF_TYPES, type GgufType, typeOfWeight } from "./quantization_plan.ts";
export { type GgufFile, type GgufTensorInfo, openGguf } from "./read.ts";
export { saveGguf, type SaveGgufOptions } from "./save_gguf.ts";
export { type GgufTensorToWrite, writeGguf, type WriteGgufOptions } from "./write.ts";
