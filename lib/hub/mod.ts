/**
 * What goes to the Hugging Face hub: runs, and folders as they are.
 *
 * @module
 */
export { type CollectedUpload, type CollectOptions, collectUpload } from "./collect_upload.ts";
export { hubCard } from "./hub_card.ts";
export { publicParameters } from "./public_parameters.ts";
export { uploadRun } from "./upload_run.ts";
