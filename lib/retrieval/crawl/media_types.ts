/** What kinds of content are read, and how their bytes become text. */

/** Pages and documents. */
export const PAGE_MEDIA_TYPES: readonly string[] = [
  "text/html",
  "application/xhtml+xml",
  "text/plain",
  "text/markdown",
  "text/x-markdown",
  "application/pdf",
  "application/jsonl",
  "application/x-jsonlines",
  "application/x-ndjson",
];

/** `text/html` of `Text/HTML; charset=utf-8`. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0].trim().toLowerCase();
}

/** Whether links can be found in it. */
export function isHtml(mediaType: string): boolean {
  return mediaType === "text/html" || mediaType === "application/xhtml+xml";
}

/**
 * Text of bytes in the encoding that a byte order mark, the content type, or the page itself (`<meta charset>`) names, in
 * this order; UTF-8 where none does or it is unknown. What is not text becomes U+FFFD.
 */
export function decodeText(bytes: Uint8Array<ArrayBuffer>, contentType: string | undefined): string {
  return new TextDecoder(encodingOf(bytes, contentType)).decode(bytes);
}

function encodingOf(bytes: Uint8Array, contentType: string | undefined): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  const named = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? "")?.[1] ??
    (isHtml(mediaTypeOf(contentType)) ? namedInPage(bytes) : undefined);
  try {
    return new TextDecoder(named ?? "utf-8").encoding;
  } catch {
    return "utf-8";
  }
}

function namedInPage(bytes: Uint8Array): string | undefined {
  const beginning = new TextDecoder("latin1").decode(bytes.subarray(0, 2048));
  const name = /<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]+)/i.exec(beginning)?.[1];
  // A page that says so in ASCII is not in UTF-16: https://html.spec.whatwg.org/#prescan-a-byte-stream
  return name !== undefined && /^utf-?16/i.test(name) ? "utf-8" : name;
}
