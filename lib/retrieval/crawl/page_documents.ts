/** A page's answer as documents. */
import { createHash } from "node:crypto";
import { type DocumentReading, readDocument, type SourceDocument } from "../documents/mod.ts";
import type { CachedAnswer } from "./page_cache.ts";

/**
 * Reads a page. Its documents are untrusted and say where they come from: `url`, `fetchedAt` (ISO 8601), `status`, `depth`, and
 * `etag` where the server gave one.
 */
export async function pageDocuments(
  answer: CachedAnswer,
  depth: number,
  signal: AbortSignal,
): Promise<DocumentReading> {
  const metadata: Record<string, string> = {
    url: answer.url,
    fetchedAt: new Date(answer.fetchedAt).toISOString(),
    status: String(answer.status),
    depth: String(depth),
    ...(answer.headers.etag !== undefined && { etag: answer.headers.etag }),
  };
  const mediaType = answer.headers["content-type"] ?? "text/html";
  return await readDocument({ source: answer.url, bytes: answer.body, mediaType, untrusted: true, metadata, signal });
}

/** A hash of what the documents say, whatever the page around them looks like. */
export function contentsHash(documents: readonly SourceDocument[]): string {
  const hash = createHash("sha256");
  for (const { text } of documents) hash.update(text.replace(/\s+/g, " ").trim()).update("\n");
  return hash.digest("base64url").slice(0, 22);
}
