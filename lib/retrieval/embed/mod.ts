/** Text to vectors. */
export * from "./embedder.ts";
export { type BatchOptions, inBatches } from "./batches.ts";
export { cosine } from "./cosine.ts";
export { encoderEmbedder, type EncoderEmbedderOptions, houseEmbedder } from "./encoder_embedder.ts";
export { folderRevision } from "./folder_revision.ts";
export { type EmbedderSettings, type FolderSettings, readFolderSettings } from "./folder_settings.ts";
export { fetchFiles, type HubAccess, type HubFolder } from "./hub_folder.ts";
export { openEmbedder, type OpenEmbedderOptions } from "./open_embedder.ts";
export { checkEmbedderEntry, type EmbedderEntry, EMBEDDERS, findEmbedder } from "./registry.ts";
export {
  transformersEmbedder,
  type TransformersEmbedderOptions,
  type TransformersEmbedderSettings,
} from "./transformers_embedder.ts";
export {
  type OnnxDtype,
  onnxFileOf,
  openTransformersModel,
  type TokenRows,
  TRANSFORMERS_FILES,
  type TransformersModel,
} from "./transformers_model.ts";
