/**
 * Weights on disk in the safetensors format: read tensor by tensor, from one file or several, and written as the
 * reference implementation writes them.
 *
 * @module
 */
export { openCheckpoint, openShards } from "./safetensors/checkpoint.ts";
export { type SafetensorsDtype, SafetensorsError, type TensorData, type TensorInfo } from "./safetensors/format.ts";
export { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from "./safetensors/half.ts";
export { openSafetensors, openSafetensorsBytes, type SafetensorsFile, type TensorSource } from "./safetensors/read.ts";
export { type TensorToWrite, writeCheckpoint, writeSafetensors } from "./safetensors/write.ts";
