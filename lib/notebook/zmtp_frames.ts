/**
 * ZMTP 3.0 framing: how ZeroMQ messages lie on a byte stream.
 *
 * A message is one or more frames. A frame is a flag byte, a length of one or eight bytes, and its body. Pure functions over bytes;
 * the socket is in zmtp.ts.
 *
 * Source: ZeroMQ RFC 23/ZMTP 3.0, https://rfc.zeromq.org/spec/23/
 */

/** Bytes over an ordinary (not shared) buffer, as sockets and subtle crypto want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** One frame: part of a message, or a command of the protocol itself (READY, ERROR, ...). */
export type Frame = { command: boolean; more: boolean; body: Bytes };

/** Bytes that break the protocol. */
export class ZmtpError extends Error {
  override name = "ZmtpError";
}

/** A longer frame is taken for a broken stream, so that a lying length cannot make us allocate without bound. */
export const MAX_FRAME_BYTES = 1 << 30;

const MORE = 1;
const LONG = 2;
const COMMAND = 4;
const KNOWN_FLAGS = MORE | LONG | COMMAND;

/** Joins byte arrays into one. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** The bytes of one frame. A body over 255 bytes takes the eight byte length, as the specification asks. */
export function encodeFrame(frame: Frame): Bytes {
  const { body } = frame;
  const long = body.length > 255;
  const header = new Uint8Array(long ? 9 : 2);
  header[0] = (frame.more ? MORE : 0) | (long ? LONG : 0) | (frame.command ? COMMAND : 0);
  if (long) new DataView(header.buffer).setBigUint64(1, BigInt(body.length));
  else header[1] = body.length;
  return concatBytes([header, body]);
}

/** The bytes of a whole message: every frame but the last says that more follow. */
export function encodeMessage(parts: readonly Bytes[]): Bytes {
  if (parts.length === 0) throw new ZmtpError("a ZeroMQ message has at least one frame");
  return concatBytes(parts.map((body, i) => encodeFrame({ command: false, more: i < parts.length - 1, body })));
}

/**
 * Turns a byte stream, cut anywhere, back into frames.
 *
 * @example
 * ```ts
 * const decoder = new FrameDecoder();
 * for (const frame of decoder.push(chunk)) console.log(frame.body);
 * ```
 */
export class FrameDecoder {
  readonly #header = new Uint8Array(9);
  #headerLength = 0;
  #body: Bytes | undefined;
  #bodyLength = 0;

  /**
   * Takes the next bytes and returns the frames that became whole.
   *
   * @throws ZmtpError when the flags or the length cannot belong to a ZMTP 3.0 stream
   */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#body === undefined) {
        this.#header[this.#headerLength++] = chunk[offset++];
        this.#startBodyWhenHeaderIsWhole();
      } else {
        const taken = chunk.subarray(offset, offset + this.#body.length - this.#bodyLength);
        this.#body.set(taken, this.#bodyLength);
        this.#bodyLength += taken.length;
        offset += taken.length;
      }
      if (this.#body !== undefined && this.#bodyLength === this.#body.length) {
        const flags = this.#header[0];
        frames.push({ command: (flags & COMMAND) !== 0, more: (flags & MORE) !== 0, body: this.#body });
        this.#headerLength = 0;
        this.#body = undefined;
      }
    }
    return frames;
  }

  #startBodyWhenHeaderIsWhole(): void {
    const flags = this.#header[0];
    if ((flags & ~KNOWN_FLAGS) !== 0) {
      throw new ZmtpError(`0x${flags.toString(16)} is not the flag byte of a ZMTP frame`);
    }
    if (this.#headerLength < ((flags & LONG) !== 0 ? 9 : 2)) return;
    const length = (flags & LONG) !== 0 ? Number(new DataView(this.#header.buffer).getBigUint64(1)) : this.#header[1];
    if (length > MAX_FRAME_BYTES) {
      throw new ZmtpError(
        `a frame of ${length} bytes is over the limit of ${MAX_FRAME_BYTES}; is this a ZeroMQ stream?`,
      );
    }
    this.#body = new Uint8Array(length);
    this.#bodyLength = 0;
  }
}

/** The 64 bytes that open a connection: signature, version 3.0, the NULL security mechanism, "as client". */
export function encodeGreeting(): Bytes {
  const greeting = new Uint8Array(64);
  greeting[0] = 0xff;
  greeting[9] = 0x7f;
  greeting[10] = 3;
  greeting.set(new TextEncoder().encode("NULL"), 12);
  return greeting;
}

/**
 * Checks the peer's greeting.
 *
 * @throws ZmtpError when it is not ZMTP 3 with the NULL mechanism
 */
export function checkGreeting(greeting: Uint8Array): void {
  if (greeting.length !== 64 || greeting[0] !== 0xff || greeting[9] !== 0x7f) {
    throw new ZmtpError("the peer did not greet as ZeroMQ does; something else listens on this port");
  }
  if (greeting[10] < 3) throw new ZmtpError(`the peer speaks ZMTP ${greeting[10]}; version 3 is needed`);
  const mechanism = new TextDecoder().decode(greeting.subarray(12, 32)).replace(/\0+$/, "");
  if (mechanism !== "NULL") throw new ZmtpError(`the peer asks for the ${mechanism} mechanism; only NULL is known`);
}

/** The READY command with its properties, such as Socket-Type. */
export function encodeReady(properties: Record<string, string>): Bytes {
  const encoder = new TextEncoder();
  const parts: Bytes[] = [new Uint8Array([5]), encoder.encode("READY")];
  for (const [name, value] of Object.entries(properties)) {
    const nameBytes = encoder.encode(name);
    const valueBytes = encoder.encode(value);
    const valueLength = new Uint8Array(4);
    new DataView(valueLength.buffer).setUint32(0, valueBytes.length);
    parts.push(new Uint8Array([nameBytes.length]), nameBytes, valueLength, valueBytes);
  }
  return concatBytes(parts);
}

/** The name of a command (READY, ERROR, PING, ...) and the bytes after it. */
export function readCommand(body: Uint8Array): { name: string; data: Uint8Array } {
  if (body.length === 0 || body.length < 1 + body[0]) throw new ZmtpError("a command frame without its name");
  return { name: new TextDecoder().decode(body.subarray(1, 1 + body[0])), data: body.subarray(1 + body[0]) };
}
