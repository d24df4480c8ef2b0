/** Symbolic tensors, operators, differentiation and ONNX files. Pure: nothing here runs a graph except in float64. */
export * from "./dimension.ts";
export * from "./tensor.ts";
export * from "./operator.ts";
export * from "./ndarray.ts";
export * from "./autodiff.ts";
export * from "./backward.ts";
export * from "./evaluate.ts";
export * from "./memory.ts";
export * from "./onnx.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/reduce.ts";
export * from "./ops/select.ts";
export * from "./ops/shape.ts";
export * from "./ops/gather.ts";
export * from "./ops/matmul.ts";
export * from "./ops/softmax.ts";
export * from "./ops/custom_gradient.ts";
export { chunkBody, type ChunkResults, inChunks } from "./ops/chunks.ts";
