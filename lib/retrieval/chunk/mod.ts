/**
 * Documents in passages.
 *
 * @module
 */
export * from "./chunk.ts";
export { chunkDocument, type ChunkOptions } from "./chunk_document.ts";
export { embeddedText } from "./embedded_text.ts";
