/**
 * What files and pages become: text with headings, pages and offsets.
 *
 * @module
 */
export * from "./document.ts";
export { type BlockDraft, buildDocument, type DocumentDraft } from "./build_document.ts";
export { loadDocuments, type LoadDocumentsOptions, type LoadedDocument } from "./load_documents.ts";
export { type DocumentReading, readDocument, type ReadDocumentOptions } from "./read_document.ts";
export type { ReadingLimits } from "./reading.ts";
