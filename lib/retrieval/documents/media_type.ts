/** What kind of file this is. */
import { isBinary } from "./decode_text.ts";
import { ReadingError } from "./reading.ts";

/** A kind of file that can be read, named by its media type. */
export type ReadableType = "application/pdf" | "text/html" | "text/markdown" | "text/plain" | "application/jsonl";

const BY_EXTENSION = new Map(Object.entries<ReadableType>({
  pdf: "application/pdf",
  html: "text/html",
  htm: "text/html",
  xhtml: "text/html",
  md: "text/markdown",
  markdown: "text/markdown",
  mdx: "text/markdown",
  txt: "text/plain",
  text: "text/plain",
  log: "text/plain",
  rst: "text/plain",
  org: "text/plain",
  adoc: "text/plain",
  tex: "text/plain",
  jsonl: "application/jsonl",
  ndjson: "application/jsonl",
}));

const BY_MEDIA_TYPE = new Map(Object.entries<ReadableType>({
  "application/pdf": "application/pdf",
  "application/x-pdf": "application/pdf",
  "text/html": "text/html",
  "application/xhtml+xml": "text/html",
  "text/markdown": "text/markdown",
  "text/x-markdown": "text/markdown",
  "text/plain": "text/plain",
  "application/jsonl": "application/jsonl",
  "application/x-ndjson": "application/jsonl",
  "application/x-jsonlines": "application/jsonl",
}));

/** Says nothing. */
const UNKNOWN = new Set(["", "application/octet-stream", "binary/octet-stream", "application/x-download"]);

const READABLE = "Kiln reads PDF, HTML, Markdown, plain text and JSONL";

/** The media type without its parameters, and the charset among them: `text/html; charset=utf-8` is two answers. */
export function splitMediaType(mediaType = ""): { essence: string; charset?: string } {
  const [essence, ...parameters] = mediaType.split(";");
  const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)/i.exec(parameter)?.[1]).find(Boolean);
  return { essence: essence.trim().toLowerCase(), ...(charset === undefined ? {} : { charset }) };
}

/**
 * The kind of a file: its first bytes where they say `%PDF-`, else what the server says, else its extension, else how it
 * begins.
 *
 * @throws {ReadingError} "unsupported" with what can be read; "broken" when a text is no text
 */
export function readableType(source: string, bytes: Uint8Array, mediaType?: string): ReadableType {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).trimStart();
  if (start.startsWith("%PDF-")) return "application/pdf";
  const type = named(source, mediaType) ?? guessed(source, bytes, start);
  if (type !== "application/pdf" && isBinary(bytes)) {
    throw new ReadingError("broken", `Expected ${type}, but these bytes are no text. Check the file.`);
  }
  return type;
}

function named(source: string, mediaType?: string): ReadableType | undefined {
  const byExtension = BY_EXTENSION.get(extensionOf(source));
  const { essence } = splitMediaType(mediaType);
  if (UNKNOWN.has(essence)) return byExtension;
  const type = BY_MEDIA_TYPE.get(essence);
  if (type === undefined) throw new ReadingError("unsupported", `${essence} is not read. ${READABLE}.`);
  // Servers send Markdown and JSONL as plain text.
  return type === "text/plain" ? byExtension ?? type : type;
}

function guessed(source: string, bytes: Uint8Array, start: string): ReadableType {
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return "text/html";
  const extension = extensionOf(source);
  if (extension === "" && !isBinary(bytes)) return "text/plain";
  throw new ReadingError(
    "unsupported",
    `${extension === "" ? "This kind of file" : `.${extension}`} is not read. ${READABLE}. ` +
      "Save it as one of these; a text by another name is read as `text/plain` where its media type says so.",
  );
}

function extensionOf(source: string): string {
  const path = /^https?:/i.test(source) ? source.replace(/[?#].*$/s, "") : source;
  return /[^/\\]\.([^./\\\s]{1,12})$/.exec(path)?.[1].toLowerCase() ?? "";
}
