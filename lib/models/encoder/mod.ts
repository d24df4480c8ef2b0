/** Text encoders of BERT's architecture: texts to vectors of length 1, and the gradients that teach them. */
export { type EncoderConfig, encoderConfigJson, parseEncoderConfig } from "./config.ts";
export { createEncoder, loadEncoder, saveEncoder } from "./load.ts";
export { type ContrastBatch, type EmbedOptions, SentenceEncoder } from "./sentence_encoder.ts";
export { readJsonFile, readSentenceFiles, type SentenceFiles, type SentenceSettings } from "./sentence_files.ts";
export { collateTexts, type Pooling, type TextBatch } from "./text_batch.ts";
