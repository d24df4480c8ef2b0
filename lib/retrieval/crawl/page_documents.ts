/** A page's answer as documents. */
import { createHash } from "node:crypto";
import { type DocumentReading, readDocument, type SourceDocument } from "../documents/mod.ts";
import type { CachedAnswer } from "./page_cache.ts";

/**
 * Reads a page. Its documents are untrusted, and their metadata has the page's `url`. Nothing else of the crawl stands in them, such
 * as when the page was fetched: a page that did not change has to give the same documents again, or whoever keeps them would take
 * them for changed.
 */
export async function pageDocuments(answer: CachedAnswer, signal: AbortSignal): Promise<DocumentReading> {
  const mediaType = answer.headers["content-type"] ?? "text/html";
  const metadata = { url: answer.url };
  return await readDocument({ source: answer.url, bytes: answer.body, mediaType, untrusted: true, metadata, signal });
}

/** A hash of what the documents say, whatever the page around them looks like. */
export function contentsHash(documents: readonly SourceDocument[]): string {
  const hash = createHash("sha256");
  for (const { text } of documents) hash.update(text.replace(/\s+/g, " ").trim()).update("\n");
  return hash.digest("base64url").slice(0, 22);
}
