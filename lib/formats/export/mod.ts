/** Exports: finding what is meant, writing it, reading it back, a card. */
export { type ExportedFile, readableBytes, verificationRows } from "./card.ts";
export { compareLogits, type LogitsDifference } from "./compare_logits.ts";
export { type CommonExportOptions, exportModel, type ExportOptions, type ExportResult } from "./export_model.ts";
export { findSource, type FindSourceOptions, type FoundSource } from "./find_source.ts";
export { textLogits } from "./logits.ts";
export { type Verification, VerificationError } from "./verify.ts";
