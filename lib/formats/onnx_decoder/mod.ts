/**
 * Models as ONNX decoders with a cache, in the layout of transformers.js: `variants.ts` has the forms, `decoder_graph.ts` inputs
 * and outputs.
 *
 * How far logits are from those of the same numbers in Kiln (relative, over the families' test models): f32 1e-6; f16 2e-3, since keys,
 * values and attention's products are float16 too; 4 bits 7e-3, since CPUs round the head's input to 8 bits.
 *
 * @module
 */
export { onnxDecoderLogits } from "./logits.ts";
export { saveOnnxDecoder, type SaveOnnxOptions } from "./save.ts";
export { ONNX_PRECISIONS, type OnnxPrecision } from "./variants.ts";
