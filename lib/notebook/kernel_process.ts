/**
 * Starting and ending the process `deno jupyter --kernel`.
 *
 * Source: "Making kernels for Jupyter" (connection files), https://jupyter-client.readthedocs.io/en/stable/kernels.html
 */

/** What a kernel is told in its connection file: where to listen, and the key that signs messages. */
export type Connection = { hostname: string; shellPort: number; iopubPort: number; controlPort: number; key: string };

const HOSTNAME = "127.0.0.1";
const LOG_TAIL_CHARACTERS = 4000;
/** How long after its end a kernel's log may stay open, held by a program that left the kernel's group. */
const LOG_END_MILLISECONDS = 1000;
const UNSTABLE_WARNING = /^.*"deno jupyter" is unstable.*\n?/m;

/** A running kernel process, in a process group of its own so that what a cell started ends with it. */
export class KernelProcess {
  readonly connection: Connection;
  /** Settles when the process has ended and its log is read to the end. Never rejects. */
  readonly ended: Promise<Deno.CommandStatus>;
  #child: Deno.ChildProcess;
  #logTail = "";
  #hasEnded = false;

  private constructor(
    child: Deno.ChildProcess,
    connection: Connection,
    connectionFile: string,
    onLog: (text: string) => void,
  ) {
    this.#child = child;
    this.connection = connection;
    const log = (text: string) => {
      const shown = text.replace(UNSTABLE_WARNING, "");
      this.#logTail = (this.#logTail + shown).slice(-LOG_TAIL_CHARACTERS);
      if (shown !== "") onLog(shown);
    };
    this.ended = (async () => {
      const stopReading = new AbortController();
      const logs = [child.stdout, child.stderr].map((stream) => pump(stream, log, stopReading.signal));
      const status = await child.status;
      // Programs that a cell started and left running end with the kernel; they may also hold its log open.
      this.#signal("SIGKILL");
      const timer = setTimeout(() => stopReading.abort(), LOG_END_MILLISECONDS);
      await Promise.all(logs);
      clearTimeout(timer);
      this.#hasEnded = true;
      await child.stdin.close().catch(() => {});
      await Deno.remove(connectionFile).catch(() => {});
      return status;
    })();
  }

  /**
   * Starts a kernel. It listens a little later: connecting has to be tried until it answers.
   *
   * @param options.cwd the notebook's folder: relative imports and deno.json are found from there
   * @param options.env added to the environment
   * @param options.onLog gets what the process itself writes (native libraries, package downloads), not the cells' output
   */
  static async spawn(
    options: { cwd: string; env: Record<string, string>; onLog: (text: string) => void },
  ): Promise<KernelProcess> {
    const [shellPort, iopubPort, controlPort, stdinPort, heartbeatPort] = freePorts(5);
    const connection = { hostname: HOSTNAME, shellPort, iopubPort, controlPort, key: crypto.randomUUID() };
    const file = await Deno.makeTempFile({ prefix: "kiln_kernel_", suffix: ".json" });
    try {
      const content = {
        transport: "tcp",
        ip: HOSTNAME,
        key: connection.key,
        signature_scheme: "hmac-sha256",
        kernel_name: "deno",
        shell_port: shellPort,
        iopub_port: iopubPort,
        control_port: controlPort,
        stdin_port: stdinPort,
        hb_port: heartbeatPort,
      };
      await Deno.writeTextFile(file, JSON.stringify(content));
      const command = new Deno.Command(Deno.execPath(), {
        args: ["jupyter", "--kernel", "--conn", file],
        cwd: options.cwd,
        env: options.env,
        // A pipe that nobody writes to: it ends when this process ends, however that happens (see END_WITH_RUNNER in kernel.ts).
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // Ctrl-C in the terminal goes to the runner alone, which then decides how the kernel ends.
        detached: true,
      });
      return new KernelProcess(command.spawn(), connection, file, options.onLog);
    } catch (error) {
      await Deno.remove(file).catch(() => {});
      throw error;
    }
  }

  /** The process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** True once the process is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last lines the process wrote, for an error message. */
  get logTail(): string {
    return this.#logTail.trim();
  }

  /** Ends the process and everything in its group, first politely; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal("SIGTERM");
    if (await this.endedWithin(500)) return;
    this.#signal("SIGKILL");
    await this.ended;
  }

  /** Waits so many milliseconds for the end; true when it came. */
  async endedWithin(milliseconds: number): Promise<boolean> {
    const timer = Promise.withResolvers<void>();
    const id = setTimeout(timer.resolve, milliseconds);
    await Promise.race([this.ended, timer.promise]);
    clearTimeout(id);
    return this.#hasEnded;
  }

  #signal(signal: Deno.Signal): void {
    if (this.#hasEnded) return;
    try {
      // A negative id is the whole group; Windows has no such thing.
      if (Deno.build.os === "windows") this.#child.kill(signal);
      else Deno.kill(-this.pid, signal);
    } catch {
      // Already gone.
    }
  }
}

/** Ports that nobody listens on now. Another program may take one before the kernel does: then the kernel ends at once. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: HOSTNAME, port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

async function pump(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of stream.pipeThrough(new TextDecoderStream(), { signal })) onText(text);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
