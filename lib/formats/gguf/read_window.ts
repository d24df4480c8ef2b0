import { GgufError } from "./format.ts";

/** What is read of a file at a time. */
const windowBytes = 1 << 20;

/** A header longer than this is refused: the largest vocabularies take 20 MB. */
const maxHeaderBytes = 256 << 20;

/** Fills `bytes` from a position of the file. */
export type ReadAt = (position: number, bytes: Uint8Array) => Promise<void>;

/**
 * Goes through the header of a file from its beginning, keeping a window of it in memory. Before a number or text is
 * taken, `need` makes sure that it is there: it is refused, before anything is allocated for it, when the file is
 * shorter.
 */
export class HeaderWindow {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** Of the window in the file, and of the next byte in the window. */
  #start = 0;
  #at = 0;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(readonly path: string, readonly fileSize: number, readonly readAt: ReadAt) {}

  /** Of the next byte, in the file. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** Bytes of the file from here on. */
  get left(): number {
    return this.fileSize - this.position;
  }

  /**
   * Whether the next bytes are in memory. A loop asks this first, since awaiting {@link need} for each number is slow.
   */
  has(count: number): boolean {
    return this.#at + count <= this.#bytes.length;
  }

  /**
   * Brings the next bytes into memory.
   *
   * @param what they are, for messages
   * @throws {GgufError} when the file has not so many, or the header becomes too long
   */
  async need(count: number, what: string): Promise<void> {
    if (this.has(count)) return;
    const { position } = this;
    this.check(count, what);
    const length = Math.min(Math.max(count, windowBytes), this.left);
    const bytes = new Uint8Array(length);
    await this.readAt(position, bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = position;
    this.#at = 0;
  }

  /** Refuses what the file cannot hold. @throws {GgufError} */
  check(count: number, what: string): void {
    if (count > this.left) {
      throw new GgufError(
        this.path,
        `cut off or damaged: ${what} would take ${count} bytes from byte ${this.position} on, the file has ${this.fileSize}. ` +
          "Fetch it again.",
      );
    }
    if (this.position + count > maxHeaderBytes) {
      throw new GgufError(
        this.path,
        `damaged: ${what} would make its header longer than ${maxHeaderBytes} bytes. Fetch the file again.`,
      );
    }
  }

  /** The next number of 32 bits without sign; {@link need} 4 bytes before. */
  u32(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** The next number of 64 bits without sign; {@link need} 8 bytes before. Infinite when it is no safe integer. */
  u64(): number {
    const value = this.#view.getUint32(this.#at, true) + this.#view.getUint32(this.#at + 4, true) * 2 ** 32;
    this.#at += 8;
    return Number.isSafeInteger(value) ? value : Infinity;
  }

  /** The next bytes, a view of the window; {@link need} them before. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }

  /**
   * The next text, after its length.
   *
   * @throws {GgufError} when it is cut off or no UTF-8
   */
  async text(what: string): Promise<string> {
    if (!this.has(8)) await this.need(8, `the length of ${what}`);
    const length = this.u64();
    if (!this.has(length)) await this.need(length, what);
    return this.#decoded(length, what);
  }

  /** The next text, without awaiting anything; undefined, and nothing is taken, when it is not all in memory. */
  textAtOnce(what: string): string | undefined {
    if (!this.has(8)) return undefined;
    const length = this.u64();
    if (this.has(length)) return this.#decoded(length, what);
    this.#at -= 8;
  }

  #decoded(length: number, what: string): string {
    try {
      return this.#decoder.decode(this.bytes(length));
    } catch (cause) {
      throw new GgufError(this.path, `damaged: ${what} is not UTF-8. Fetch the file again.`, { cause });
    }
  }
}
