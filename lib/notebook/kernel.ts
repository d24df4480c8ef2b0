/**
 * The real Deno kernel, run cell by cell: Jupyter's protocol over ZeroMQ sockets, with no Python and no Jupyter installed.
 *
 * Source: "Messaging in Jupyter", https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */

import { KernelProcess } from "./kernel_process.ts";
import {
  type ExecuteReply,
  type JupyterMessage,
  MessageCodec,
  type Published,
  readExecuteReply,
  readPublished,
} from "./messages.ts";
import { ZmtpSocket } from "./zmtp.ts";
import { ZmtpError } from "./zmtp_frames.ts";

/** How long after the last message another may come, from work that the cell started and did not await. */
const LATE_OUTPUT_MILLISECONDS = 25;
/** How long to wait in silence for the end of a cell's outputs. iopub may drop messages. */
const LOST_OUTPUT_MILLISECONDS = 2000;
const START_MILLISECONDS = 60_000;
const START_ATTEMPTS = 3;

/**
 * Run silently at the start: the kernel ends with the runner even when the runner is killed hard and can tell nobody.
 * Its standard input is a pipe from the runner, which reaches its end at that moment.
 */
const END_WITH_RUNNER = `void (async () => { for await (const _ of Deno.stdin.readable); Deno.exit(1); })();`;

/** The kernel's process ended while it was needed. */
export class KernelDiedError extends Error {
  override name = "KernelDiedError";
}

/** Where and how a kernel runs. */
export type KernelOptions = {
  /** The notebook's folder. */
  cwd: string;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Gets what the process itself writes: native libraries, package downloads. */
  onLog?: (text: string) => void;
};

type Sockets = { shell: ZmtpSocket; iopub: ZmtpSocket; control: ZmtpSocket };

type Execution = { onMessage: (message: Published) => void; reply: PromiseWithResolvers<ExecuteReply> };

/**
 * A running Deno kernel.
 *
 * @example
 * ```ts
 * await using kernel = await DenoKernel.start({ cwd: "notebooks" });
 * const reply = await kernel.execute("1 + 1", (message) => console.log(message));
 * ```
 */
export class DenoKernel implements AsyncDisposable {
  readonly #process: KernelProcess;
  readonly #codec: MessageCodec;
  readonly #sockets: Sockets;
  readonly #readers: Promise<void>[];
  readonly #executions = new Map<string, Execution>();
  /** Rejects when the kernel can answer no more. */
  readonly #broken = Promise.withResolvers<never>();
  /** What the end of a cell's outputs is known by. */
  readonly #endMark = `kiln-${crypto.randomUUID()}`;
  #lastPublished: { parentId: string | undefined; at: number } = { parentId: undefined, at: 0 };
  #running = false;
  #stopped: Promise<void> | undefined;

  private constructor(process: KernelProcess, sockets: Sockets) {
    this.#process = process;
    this.#codec = new MessageCodec(process.connection.key);
    this.#sockets = sockets;
    // Nobody may be waiting when the kernel dies; the next call then reports it.
    this.#broken.promise.catch(() => {});
    process.ended.then((status) => this.#broken.reject(diedError(process, status)));
    this.#readers = [
      this.#read(sockets.shell, (message) => this.#onReply(message)),
      this.#read(sockets.iopub, (message) => this.#onPublished(message)),
      this.#read(sockets.control, () => {}),
    ];
  }

  /**
   * Starts a kernel and waits until it answers.
   *
   * @throws KernelDiedError when it cannot start, with what it wrote
   * @throws the signal's reason when it aborts first
   */
  static async start(options: KernelOptions & { signal?: AbortSignal }): Promise<DenoKernel> {
    for (let attempt = 1;; attempt++) {
      options.signal?.throwIfAborted();
      const process = await KernelProcess.spawn({
        cwd: options.cwd,
        // Colour codes have no place in a saved notebook.
        env: { NO_COLOR: "1", ...options.env },
        onLog: options.onLog ?? (() => {}),
      });
      let kernel: DenoKernel | undefined;
      try {
        kernel = new DenoKernel(process, await openSockets(process, options.signal));
        await kernel.#waitUntilHeard(options.signal);
        await kernel.#request(END_WITH_RUNNER, () => {}, true);
        return kernel;
      } catch (error) {
        await process.kill();
        await kernel?.stop();
        // A port taken by another program between our looking and the kernel's listening: try with others.
        if (attempt < START_ATTEMPTS && /address (already )?in use/i.test(process.logTail)) continue;
        throw error;
      }
    }
  }

  /** The id of the kernel's process. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Runs one cell and resolves when it and its outputs are through. A cell that throws is an ordinary reply of status "error".
   *
   * @param onMessage gets everything that is published for this cell, also what comes after this promise has resolved
   * @throws KernelDiedError when the process ends meanwhile
   */
  async execute(code: string, onMessage: (message: Published) => void): Promise<ExecuteReply> {
    if (this.#running) throw new Error("the kernel runs one cell at a time; wait for the one before");
    this.#running = true;
    try {
      const reply = await this.#request(code, onMessage, false);
      await this.#waitForOutputs(onMessage);
      return reply;
    } finally {
      this.#running = false;
    }
  }

  /** Asks the kernel to break off the running cell. It does so for code that computes, not for code that waits. */
  async interrupt(): Promise<void> {
    await this.#sockets.control.send(this.#codec.encode("interrupt_request", {}).frames);
  }

  /** Ends the kernel: by its own shutdown when it is idle, by signals otherwise. Resolves when the process is gone. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  /** Same as `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    const { shell, iopub, control } = this.#sockets;
    if (!this.#running && !this.#process.hasEnded) {
      await control.send(this.#codec.encode("shutdown_request", { restart: false }).frames).catch(() => {});
      await this.#process.endedWithin(2000);
    }
    await this.#process.kill();
    for (const socket of [shell, iopub, control]) socket.close();
    await Promise.all(this.#readers);
  }

  async #request(code: string, onMessage: (message: Published) => void, silent: boolean): Promise<ExecuteReply> {
    const { id, frames } = this.#codec.encode("execute_request", {
      code,
      silent,
      store_history: !silent,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    });
    const reply = Promise.withResolvers<ExecuteReply>();
    this.#executions.set(id, { onMessage, reply });
    // A write fails when the process is gone; #broken then says why, in better words.
    this.#sockets.shell.send(frames).catch((error) => this.#process.endedWithin(1000).then(() => reply.reject(error)));
    return await Promise.race([reply.promise, this.#broken.promise]);
  }

  /**
   * Waits until all outputs of a cell are here. The kernel hands them to threads of their own, so that they may come long after the
   * reply and after "idle". Printed text and displayed data each keep their order: a mark put on both ways comes out behind them.
   */
  async #waitForOutputs(onMessage: (message: Published) => void): Promise<void> {
    const mark = this.#endMark;
    const awaited = new Set(["stream", "display_data"]);
    const code = `console.log("${mark}");
await Deno.jupyter.broadcast("display_data", { data: { "${mark}": "" }, metadata: {}, transient: {} });`;
    await this.#request(code, (message) => {
      if (message.type === "status" || message.type === "execute_input") return;
      const isMark = (message.type === "stream" && message.content.text === `${mark}\n`) ||
        (message.type === "display_data" && mark in message.content.data);
      if (isMark) awaited.delete(message.type);
      else onMessage(message); // Work that the cell started goes on.
    }, true);
    while (true) {
      const patience = awaited.size === 0 ? LATE_OUTPUT_MILLISECONDS : LOST_OUTPUT_MILLISECONDS;
      const remaining = this.#lastPublished.at + patience - performance.now();
      if (remaining <= 0) return;
      await Promise.race([delay(Math.min(remaining, LATE_OUTPUT_MILLISECONDS)), this.#broken.promise]);
    }
  }

  /** Repeats a harmless request until iopub carries a message about it: from then on nothing published is missed. */
  async #waitUntilHeard(signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + START_MILLISECONDS;
    const asked = new Set<string>();
    while (!asked.has(this.#lastPublished.parentId ?? "")) {
      signal?.throwIfAborted();
      if (performance.now() > deadline) {
        throw new KernelDiedError(`the kernel answers nothing for ${START_MILLISECONDS / 1000} s`);
      }
      const { id, frames } = this.#codec.encode("kernel_info_request", {});
      asked.add(id);
      await this.#sockets.shell.send(frames);
      await Promise.race([delay(10), this.#broken.promise]);
    }
  }

  #onReply(message: JupyterMessage): void {
    const reply = readExecuteReply(message);
    if (reply !== undefined) this.#executions.get(message.parentId ?? "")?.reply.resolve(reply);
  }

  #onPublished(message: JupyterMessage): void {
    this.#lastPublished = { parentId: message.parentId, at: performance.now() };
    const published = readPublished(message);
    if (published !== undefined) this.#executions.get(message.parentId ?? "")?.onMessage(published);
  }

  async #read(socket: ZmtpSocket, onMessage: (message: JupyterMessage) => void): Promise<void> {
    try {
      for await (const frames of socket) onMessage(this.#codec.decode(frames));
      // The connection closes when the process ends; how it ended is then the better message.
      await this.#process.endedWithin(1000);
      this.#broken.reject(new KernelDiedError("the Deno kernel closed its connection"));
    } catch (error) {
      this.#broken.reject(error instanceof ZmtpError ? brokenStream(error) : error);
    }
  }
}

/** Seen in Deno 2.9: while a message of some megabytes waits for room in the connection, the next one is written into it. */
function brokenStream(cause: ZmtpError): KernelDiedError {
  return new KernelDiedError(
    `the kernel's messages cannot be read any further (${cause.message}). The Deno kernel mixes messages when outputs of ` +
      "several megabytes come at once: print or show less in one cell",
    { cause },
  );
}

async function openSockets(process: KernelProcess, signal?: AbortSignal): Promise<Sockets> {
  const { hostname, shellPort, iopubPort, controlPort } = process.connection;
  const opened: ZmtpSocket[] = [];
  try {
    for (const [port, type] of [[shellPort, "DEALER"], [iopubPort, "SUB"], [controlPort, "DEALER"]] as const) {
      opened.push(await connectWhenListening({ hostname, port, type }, process, signal));
    }
  } catch (error) {
    for (const socket of opened) socket.close();
    throw error;
  }
  const [shell, iopub, control] = opened;
  return { shell, iopub, control };
}

async function connectWhenListening(
  options: { hostname: string; port: number; type: "DEALER" | "SUB" },
  process: KernelProcess,
  signal?: AbortSignal,
): Promise<ZmtpSocket> {
  const deadline = performance.now() + START_MILLISECONDS;
  while (true) {
    signal?.throwIfAborted();
    if (process.hasEnded) throw diedError(process, await process.ended);
    try {
      return await ZmtpSocket.connect(options);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      if (performance.now() > deadline) {
        throw new KernelDiedError(
          `the kernel does not listen after ${START_MILLISECONDS / 1000} s\n${process.logTail}`,
        );
      }
      await delay(10);
    }
  }
}

function diedError(process: KernelProcess, status: Deno.CommandStatus): KernelDiedError {
  const how = status.signal === null ? `with code ${status.code}` : `by ${status.signal}`;
  const log = process.logTail === "" ? "" : `; it wrote last:\n${process.logTail}`;
  return new KernelDiedError(`the Deno kernel ended ${how}${log}`);
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
