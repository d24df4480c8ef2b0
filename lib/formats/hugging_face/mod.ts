/** Models as Hugging Face folders. */
export type { CheckpointDtype } from "./config_files.ts";
export { saveMergedModel, type SaveMergedModelOptions } from "./save_merged_model.ts";
