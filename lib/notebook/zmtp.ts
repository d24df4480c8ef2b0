/**
 * A ZeroMQ client socket over TCP: enough of ZMTP 3.0 to talk with a Jupyter kernel (DEALER for shell and control, SUB for iopub).
 *
 * Why not the zeromq package: zeromq 6.8.0 installs and loads in Deno 2.9.6 without its install script, but a pending `receive()`
 * of one socket is not woken while another socket is being read (its poll handle is edge-triggered), so the reply of the kernel never
 * arrives; it is also 28 MB. The part of the protocol needed here is small.
 */

import {
  type Bytes,
  checkGreeting,
  encodeFrame,
  encodeGreeting,
  encodeMessage,
  encodeReady,
  FrameDecoder,
  readCommand,
  ZmtpError,
} from "./zmtp_frames.ts";

/** Where to connect, and as what. */
export type ZmtpOptions = {
  hostname: string;
  port: number;
  /** DEALER asks and gets replies; SUB listens to everything that is published. */
  type: "DEALER" | "SUB";
};

const READ_BYTES = 256 * 1024;

/** A connected ZeroMQ socket. Read it to the end with `for await`; each item is the frames of one message. */
export class ZmtpSocket implements AsyncIterable<Bytes[]> {
  readonly #connection: Deno.TcpConn;
  readonly #decoder = new FrameDecoder();
  readonly #readBuffer = new Uint8Array(READ_BYTES);
  #lastWrite: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects, greets and waits for the peer's greeting.
   *
   * @throws Deno.errors.ConnectionRefused when nothing listens yet
   * @throws ZmtpError when the peer is not a ZeroMQ socket
   */
  static async connect({ hostname, port, type }: ZmtpOptions): Promise<ZmtpSocket> {
    const connection = await Deno.connect({ hostname, port });
    const socket = new ZmtpSocket(connection);
    try {
      connection.setNoDelay(true);
      await socket.#write(encodeGreeting());
      checkGreeting(await socket.#readExactly(64));
      await socket.#write(encodeFrame({ command: true, more: false, body: encodeReady({ "Socket-Type": type }) }));
      // A subscription is a message whose first byte is 1 and whose rest is the topic: nothing, which means everything.
      if (type === "SUB") await socket.send([new Uint8Array([1])]);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Sends one message. Messages go out in the order of the calls. */
  send(parts: readonly Bytes[]): Promise<void> {
    const bytes = encodeMessage(parts);
    const written = this.#lastWrite.then(() => this.#write(bytes));
    this.#lastWrite = written.catch(() => {});
    return written;
  }

  /** Yields messages until the peer goes away or `close` is called. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes[]> {
    let parts: Bytes[] = [];
    while (true) {
      const chunk = await this.#readSome();
      if (chunk === undefined) return;
      for (const frame of this.#decoder.push(chunk)) {
        if (frame.command) {
          checkCommand(frame.body);
          continue;
        }
        parts.push(frame.body);
        if (!frame.more) {
          yield parts;
          parts = [];
        }
      }
    }
  }

  /** Closes the connection; safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  async #write(bytes: Bytes): Promise<void> {
    for (let offset = 0; offset < bytes.length;) offset += await this.#connection.write(bytes.subarray(offset));
  }

  /** The next bytes, valid until the next read, or undefined at the end of the connection, whichever side ended it. */
  async #readSome(limit = READ_BYTES): Promise<Uint8Array | undefined> {
    try {
      const count = await this.#connection.read(this.#readBuffer.subarray(0, limit));
      return count === null ? undefined : this.#readBuffer.subarray(0, count);
    } catch (error) {
      const gone = error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
      if (this.#closed || gone) return undefined;
      throw error;
    }
  }

  async #readExactly(length: number): Promise<Bytes> {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length;) {
      const chunk = await this.#readSome(length - offset);
      if (chunk === undefined) throw new ZmtpError("the peer closed the connection during the greeting");
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }
}

/** READY needs no answer; ERROR is the peer refusing us; others (a heartbeat of ZMTP 3.1) are not for a 3.0 client. */
function checkCommand(body: Bytes): void {
  const { name, data } = readCommand(body);
  if (name !== "ERROR") return;
  throw new ZmtpError(`the peer refused the connection: ${new TextDecoder().decode(data.subarray(1))}`);
}
