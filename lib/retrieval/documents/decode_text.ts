/** Bytes to text. */

/**
 * The text of a file: a byte order mark decides, then the charset that a server named; then UTF-16 is known by its zeros and
 * UTF-8 by its strict form; what is left is read as windows-1252, in which every byte is some character.
 */
export function decodeText(bytes: Uint8Array, charset?: string): string {
  const named = hasMark(bytes) ? undefined : encodingOf(charset);
  return new TextDecoder(named ?? textEncoding(bytes)).decode(bytes);
}

/**
 * The encoding that a charset's label names. None for labels that nobody knows, and for UTF-8 and windows-1252: the bytes tell these
 * two apart better than servers, which name them for everything.
 */
function encodingOf(charset: string | undefined): string | undefined {
  if (charset === undefined) return undefined;
  try {
    const { encoding } = new TextDecoder(charset);
    return encoding === "utf-8" || encoding === "windows-1252" ? undefined : encoding;
  } catch {
    return undefined;
  }
}

function hasMark([first, second, third]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) ||
    (first === 0xef && second === 0xbb && third === 0xbf);
}

/** The encoding by which `decodeText` reads what nobody named. */
export function textEncoding(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | "windows-1252" {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (isUtf8(bytes)) return zeroSide(bytes) ?? "utf-8";
  return zeroSide(bytes) ?? "windows-1252";
}

/** Whether these bytes are no text in any encoding: zeros, and not those of UTF-16. */
export function isBinary(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xfe || bytes[0] === 0xfe && bytes[1] === 0xff) return false;
  return bytes.subarray(0, SAMPLE).includes(0) && zeroSide(bytes) === undefined;
}

const SAMPLE = 8192;

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** UTF-16 without a mark: in Western text every second byte is zero, always on the same side. */
function zeroSide(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const sample = bytes.subarray(0, SAMPLE);
  let even = 0;
  let odd = 0;
  sample.forEach((byte, index) => {
    if (byte === 0) index % 2 === 0 ? even++ : odd++;
  });
  const many = Math.max(2, sample.length * 0.2);
  if (odd >= many && even * 20 < odd) return "utf-16le";
  if (even >= many && odd * 20 < even) return "utf-16be";
}
