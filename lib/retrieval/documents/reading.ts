/** What all readers take and give. */
import type { BlockDraft, DocumentDraft } from "./build_document.ts";
import type { DocumentFailure } from "./document.ts";

/** What one file may cost. */
export interface ReadingLimits {
  /** Of the file. Default 50 MB. */
  maxBytes: number;
  /** Of the text in it. Default 20 million characters. */
  maxCharacters: number;
  /** Default 5,000. */
  maxPages: number;
}

/** The limits where none are named. */
export const DEFAULT_LIMITS: ReadingLimits = { maxBytes: 50_000_000, maxCharacters: 20_000_000, maxPages: 5_000 };

/** A file in memory. */
export interface ReadingInput {
  source: string;
  bytes: Uint8Array;
  /** Of an HTTP answer's content type, where there is one. */
  charset?: string;
  limits: ReadingLimits;
  signal?: AbortSignal;
}

/** What a reader finds; who asked knows the rest. */
export type FoundDocument = Omit<DocumentDraft, "source" | "mediaType" | "untrusted">;

/** Why a file cannot be read. `readDocument` gives it as a `DocumentFailure`. */
export class ReadingError extends Error {
  override name = "ReadingError";

  constructor(readonly kind: DocumentFailure["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The last part of a source without its extension: the title of what has none. */
export function nameOf(source: string): string {
  const last = source.split("/").findLast((part) => part !== "") ?? source;
  return last.replace(/(?<=.)\.[^.]+$/, "");
}

/** The text of the first of the widest headings. */
export function widestHeading(blocks: readonly BlockDraft[]): string | undefined {
  let widest: BlockDraft | undefined;
  for (const block of blocks) {
    if (block.kind === "heading" && (widest === undefined || (block.level ?? 1) < (widest.level ?? 1))) widest = block;
  }
  return widest?.text;
}
