/** Lines out of bytes that come in parts. */

const LINE_END = 0x0a;

/** Puts lines together. The SDK's reader looks through a long line again at each part of it: 10 MB take it seconds. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  /** Of the line that has no end yet. */
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this part ends; undefined, now and from then on, when a line is too long. */
  read(part: Uint8Array): string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = part.indexOf(LINE_END, start);
      const piece = part.subarray(start, end === -1 ? part.length : end);
      this.#bytes += piece.length;
      if (this.#bytes > this.#maxBytes) {
        this.#parts = [];
        return undefined;
      }
      this.#parts.push(piece);
      if (end === -1) return lines;
      lines.push(this.#line());
      start = end + 1;
    }
  }

  #line(): string {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#bytes = 0;
    return this.#decoder.decode(bytes);
  }
}
