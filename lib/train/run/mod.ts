/**
 * Runs on disk: their folders, what they log, and reading it back.
 *
 * @module
 */
export { ADAPTER_FOLDER_FILES, type AdapterFolderContents, saveAdapterFolder } from "./adapter_folder.ts";
export { type EarlierAdapter, earlierAdapter, type EarlierAdapterOptions } from "./earlier_adapter.ts";
export { findRun } from "./find_run.ts";
export { type RunCard } from "./model_card.ts";
export { type MetricsRow, readMetrics } from "./read_metrics.ts";
export {
  continueRun,
  type ContinueRunOptions,
  createRun,
  type CreateRunOptions,
  type RunFolder,
} from "./run_folder.ts";
export { newestRun, PARAMETERS_FILE } from "./run_names.ts";
export { startRun } from "./start_run.ts";
