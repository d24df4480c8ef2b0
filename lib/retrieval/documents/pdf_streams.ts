/** A look into a PDF's compressed parts before they are opened: a few kilobytes can hold gigabytes. */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { ReadingError } from "./reading.ts";

/** A page of the largest common scanner, uncompressed, is about 100 MB. */
const LARGEST_STREAM = 256_000_000;
/** Deflate makes at most 1,032 bytes of one. */
const MOST_GAIN = 1032;

/** @throws {ReadingError} "too large" when a part of the file unpacks to more than 256 MB */
export function assertStreamsFit(pdf: Uint8Array, largest: number = LARGEST_STREAM): void {
  const file = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength);
  for (let at = file.indexOf("stream"); at >= 0; at = file.indexOf("stream", at)) {
    const start = afterLineEnd(file, at + "stream".length);
    if (start === at + "stream".length) {
      // The word in a title or a name.
      at = start;
      continue;
    }
    const end = file.indexOf("endstream", start);
    const found = end < 0 ? file.length : end;
    const dictionary = file.toString("latin1", Math.max(0, at - 1000), at);
    const layers = dictionary.slice(dictionary.lastIndexOf(" obj")).match(/\/(?:FlateDecode|Fl)\b/g)?.length ?? 0;
    const packed = file.subarray(start, found);
    // The filter may also be named elsewhere in the file, or with its letters as numbers.
    if (layers > 0 || isDeflated(packed)) assertFits(packed, Math.max(1, layers), largest);
    at = found + "endstream".length;
  }
}

/** Whether bytes begin as zlib's do (RFC 1950, 2.2). */
function isDeflated([first, second]: Buffer): boolean {
  return (first & 15) === 8 && (first * 256 + second) % 31 === 0;
}

function afterLineEnd(file: Buffer, at: number): number {
  if (file[at] === 13) at++;
  return file[at] === 10 ? at + 1 : at;
}

function assertFits(packed: Buffer, layers: number, largest: number): void {
  if (packed.length * MOST_GAIN ** layers <= largest) return;
  try {
    const unpacked = inflateSync(packed, { maxOutputLength: largest });
    if (layers > 1) assertFits(unpacked, layers - 1, largest);
  } catch (error) {
    if (error instanceof ReadingError) throw error;
    // What does not unpack at all is pdf.js's to judge: it repairs much.
    if ((error as { code?: string }).code !== "ERR_BUFFER_TOO_LARGE") return;
    throw new ReadingError(
      "too large",
      `A part of the PDF unpacks to more than ${
        Math.round(largest / 1e6)
      } MB. Save it anew with its pictures made smaller.`,
    );
  }
}
