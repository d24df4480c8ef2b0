import { createHash } from "node:crypto";
import type { SourceDocument } from "../documents/mod.ts";
import { canonicalJson } from "./canonical_json.ts";
import type { TableDescription } from "./description.ts";

/**
 * SHA-256, in hexadecimal, of everything that decides which passages a document becomes: the document itself, how it is cut,
 * and the embedder. A document whose hash stands in a table already needs nothing done.
 */
export function documentHash(document: SourceDocument, { chunking, embedder }: TableDescription): string {
  return createHash("sha256").update(canonicalJson({ document, chunking, embedder })).digest("hex");
}
