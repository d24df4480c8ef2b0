/**
 * Event files for TensorBoard: numbers and histograms by step, written without TensorFlow.
 *
 * @module
 */
export { createEventFile, type EventFile, type EventFileOptions, type StepValues } from "./event_file.ts";
