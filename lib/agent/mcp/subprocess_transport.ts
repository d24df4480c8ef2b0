/** A server as a subprocess: messages over its standard input and output. */
import { cleanText } from "./clean_text.ts";
import { LineReader } from "./line_reader.ts";
import { deserializeMessage, type JSONRPCMessage, serializeMessage, type Transport } from "./sdk.ts";
import type { McpCommand } from "./server_address.ts";

/** What programs need to run; nothing of it is a secret. */
const PASSED_ON = [
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TMPDIR",
  "TZ",
  // Windows
  "APPDATA",
  "LOCALAPPDATA",
  "PATHEXT",
  "SYSTEMDRIVE",
  "SYSTEMROOT",
  "TEMP",
  "TMP",
  "USERPROFILE",
];

/** Lines in a row that are no messages, after which the server is given up. */
const MAX_GARBAGE = 1000;
/** Of a line. */
const MAX_MESSAGE_BYTES = 10 * 2 ** 20;
const LAST_WORDS = 2000;
/** How long a server may take to end by itself, and then when it is asked to. */
const GRACE_MS = 1000;
/** How long the last words may take to arrive after the end. */
const DRAIN_MS = 200;

/**
 * The SDK has such a transport, but that one passes on more of the environment, does not tell how the server ended, and
 * leaves a timer behind. This one starts the server in a process group of its own, so that nothing that it started in turn
 * stays behind, and an interrupt meant for the notebook does not reach it.
 */
export class SubprocessTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  /** How it ended, for people: `ended with exit code 3`. Absent while it runs. */
  ending?: string;

  readonly #address: McpCommand;
  readonly #lines = new LineReader(MAX_MESSAGE_BYTES);
  #errors = "";
  #garbage = 0;
  #lastGarbage = "";
  #child?: Deno.ChildProcess;
  #input?: WritableStreamDefaultWriter<Uint8Array>;
  #ended?: Promise<void>;
  #closing?: Promise<void>;

  constructor(address: McpCommand) {
    this.#address = address;
  }

  /** The process, while it runs. */
  get pid(): number | undefined {
    return this.ending === undefined ? this.#child?.pid : undefined;
  }

  /** The end of what it wrote to its standard error; where that is nothing, of what was no message on its output. */
  get lastWords(): string {
    const words = this.#errors.trim() || this.#lastGarbage;
    return cleanText(words.split("\n").slice(-5).join(" | "), 400);
  }

  /** @throws {Error} when there is no such program */
  // deno-lint-ignore require-await
  async start(): Promise<void> {
    const { command, args = [], env = {}, cwd } = this.#address;
    const passedOn = PASSED_ON.flatMap((name): [string, string][] => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    const child = new Deno.Command(command, {
      args: [...args],
      clearEnv: true,
      env: { ...Object.fromEntries(passedOn), ...env },
      ...(cwd === undefined ? {} : { cwd }),
      detached: Deno.build.os !== "windows",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#input = child.stdin.getWriter();
    // It may be closed at any time, which is told by `onclose`.
    this.#input.closed.catch(() => {});
    this.#ended = this.#run(child);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#input === undefined || this.ending !== undefined) throw new Error("the server is not running");
    await this.#input.write(new TextEncoder().encode(serializeMessage(message)));
  }

  /** Ends the server: by the end of its input, then by asking, then by force. Resolves when the process is gone. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#ended === undefined) return;
    this.#input?.close().catch(() => {});
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await within(child.status, GRACE_MS)) break;
      this.#kill(signal);
    }
    await this.#ended;
  }

  /** Reads until the process is gone, then cleans up after it. */
  async #run(child: Deno.ChildProcess): Promise<void> {
    const output = child.stdout.getReader();
    const errors = child.stderr.getReader();
    const reading = Promise.all([
      forEachPart(output, (part) => this.#read(part)),
      forEachPart(errors, (part) => this.#hear(part)),
    ]);
    const { code, signal } = await child.status;
    await within(reading, DRAIN_MS);
    // What the server started itself would live on, and hold the pipes open.
    this.#kill("SIGKILL");
    await Promise.allSettled([output.cancel(), errors.cancel()]);
    await Promise.allSettled([this.#input?.abort(), reading]);
    this.ending = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    this.onclose?.();
  }

  #read(part: Uint8Array): void {
    const lines = this.#lines.read(part);
    if (lines === undefined) return this.#giveUp(`wrote a line of more than ${MAX_MESSAGE_BYTES} bytes`);
    for (const line of lines) {
      if (line.trim() === "") continue;
      try {
        const message = deserializeMessage(line);
        this.#garbage = 0;
        this.onmessage?.(message);
      } catch (error) {
        this.#lastGarbage = error instanceof SyntaxError ? error.message : "its output is JSON, but no messages";
        if (error instanceof Error) this.onerror?.(error);
        if (++this.#garbage === MAX_GARBAGE) return this.#giveUp(`wrote ${MAX_GARBAGE} lines that are no messages`);
      }
    }
  }

  #hear(part: Uint8Array): void {
    this.#errors = (this.#errors + new TextDecoder().decode(part)).slice(-LAST_WORDS);
  }

  #giveUp(reason: string): void {
    this.#errors += `\n${reason}`;
    this.#kill("SIGKILL");
  }

  /** The server and all that it started. */
  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    const child = this.#child!;
    try {
      if (Deno.build.os === "windows") child.kill(signal);
      else Deno.kill(-child.pid, signal);
    } catch {
      // Gone already.
    }
  }
}

async function forEachPart(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (part: Uint8Array) => void,
): Promise<void> {
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      take(value);
    }
  } catch {
    // Cancelled, or the pipe broke: either way there is no more.
  }
}

/** Whether it came true in time. Never throws. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), milliseconds);
  try {
    return await Promise.race([promise.then(() => true, () => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
