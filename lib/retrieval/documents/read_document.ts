/** One file or page to documents. */
import { buildDocument } from "./build_document.ts";
import type { DocumentFailure, SourceDocument } from "./document.ts";
import { readableType, splitMediaType } from "./media_type.ts";
import { readJsonlRows } from "./read_jsonl.ts";
import { DEFAULT_LIMITS, type FoundDocument, ReadingError, type ReadingInput, type ReadingLimits } from "./reading.ts";
import { readText } from "./read_text.ts";

/** What `readDocument` takes: the bytes and what is known about them. */
export interface ReadDocumentOptions extends Partial<ReadingLimits> {
  /** The document's name, see `SourceDocument`; rows of a JSONL file add `#` and their id. */
  source: string;
  bytes: Uint8Array;
  /** What a server says, such as `text/html; charset=utf-8`. Default: from extension and first bytes. */
  mediaType?: string;
  /** Whether strangers wrote it. Default false. */
  untrusted?: boolean;
  /** Added to what the document says about itself, and stronger. */
  metadata?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** What became of a file. Only JSONL gives several documents, or documents and failures. */
export interface DocumentReading {
  documents: SourceDocument[];
  failures: DocumentFailure[];
}

/**
 * Reads a PDF, an HTML page, Markdown, plain text or JSONL. Whatever is wrong with the bytes is a failure with a kind and
 * a message, never an exception.
 *
 * @throws the signal's reason when it is aborted
 */
export async function readDocument(options: ReadDocumentOptions): Promise<DocumentReading> {
  const { source, bytes, signal } = options;
  const reading: DocumentReading = { documents: [], failures: [] };
  const fail = (kind: DocumentFailure["kind"], message: string) => reading.failures.push({ source, kind, message });
  signal?.throwIfAborted();
  try {
    const limits = limitsOf(options);
    assertSize(bytes.length, limits.maxBytes);
    if (bytes.length === 0) throw new ReadingError("empty", "The file has no bytes.");
    const mediaType = readableType(source, bytes, options.mediaType);
    const { charset } = splitMediaType(options.mediaType);
    const input: ReadingInput = { source, bytes, limits, ...(charset === undefined ? {} : { charset }), signal };
    const finish = (found: FoundDocument, source: string) => finished(found, source, mediaType, limits, options);
    if (mediaType === "application/jsonl") {
      for (const row of readJsonlRows(input)) {
        if (row.document === undefined) {
          fail("broken", row.problem);
          continue;
        }
        try {
          reading.documents.push(finish(row.document, `${source}#${row.id}`));
        } catch (error) {
          if (!(error instanceof ReadingError)) throw error;
          fail(error.kind, `Line ${row.line}: ${error.message}`);
        }
      }
      if (reading.documents.length + reading.failures.length === 0) {
        throw new ReadingError("empty", "The file has no rows.");
      }
    } else {
      reading.documents.push(finish(await read(mediaType, input), source));
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ReadingError) fail(error.kind, error.message);
    else fail("broken", `The file cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
  return reading;
}

/** @throws {ReadingError} "too large" */
export function assertSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const megabytes = (count: number) => (count / 1e6).toLocaleString("en", { maximumFractionDigits: 1 });
  throw new ReadingError(
    "too large",
    `The file has ${megabytes(bytes)} MB, more than the ${
      megabytes(maxBytes)
    } MB of maxBytes. Split it, or raise maxBytes.`,
  );
}

/** The named limits, and the defaults of the others. */
export function limitsOf({ maxBytes, maxCharacters, maxPages }: Partial<ReadingLimits>): ReadingLimits {
  return {
    maxBytes: maxBytes ?? DEFAULT_LIMITS.maxBytes,
    maxCharacters: maxCharacters ?? DEFAULT_LIMITS.maxCharacters,
    maxPages: maxPages ?? DEFAULT_LIMITS.maxPages,
  };
}

/** The parsers are large: each is loaded when the first file of its kind comes. */
async function read(mediaType: string, input: ReadingInput): Promise<FoundDocument> {
  switch (mediaType) {
    case "application/pdf":
      return await (await import("./read_pdf.ts")).readPdf(input);
    case "text/html":
      return (await import("./read_html.ts")).readHtml(input);
    case "text/markdown":
      return (await import("./read_markdown.ts")).readMarkdown(input);
    default:
      return readText(input);
  }
}

function finished(
  found: FoundDocument,
  source: string,
  mediaType: string,
  limits: ReadingLimits,
  { metadata, untrusted }: ReadDocumentOptions,
): SourceDocument {
  const all = { ...found.metadata, ...metadata };
  const document = buildDocument({ ...found, source, mediaType, metadata: all, untrusted });
  if (document.text === "") throw new ReadingError("empty", "There is no text in it.");
  if (document.text.length > limits.maxCharacters) {
    throw new ReadingError(
      "too large",
      `The text has ${document.text.length.toLocaleString("en")} characters, more than the ` +
        `${limits.maxCharacters.toLocaleString("en")} of maxCharacters. Split the file, or raise maxCharacters.`,
    );
  }
  return document;
}
