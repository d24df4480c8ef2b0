/**
 * The process that talks to strangers. A notebook kernel may do everything, so the crawler does not fetch inside it: a
 * second Deno does, which may use the network and nothing else: no files, no environment, no programs.
 *
 * What Deno 2.9.6 guarantees was tried out, and tests hold it down:
 * - `--deny-net` of an IPv4 range is checked against the address that a name resolves to, at the moment of connecting. A name
 *   that answers with a public address first and a private one later (DNS rebinding) gains nothing. IPv4-mapped IPv6
 *   addresses and decimal, octal, hexadecimal and short forms are checked as the IPv4 address that they are.
 * - Ranges of IPv6 cannot be denied: the flag's parser refuses them. So the public process connects from an IPv4 address
 *   alone (`localAddress: "0.0.0.0"`): names then resolve to IPv4 only, and IPv6 literals cannot be reached.
 * - A denial wins over a permission, and ranges know no ports: there is no way to make room for `127.0.0.1:8123` in a process
 *   that denies 127.0.0.0/8. So hosts named in `allowHosts` get a second process, which may connect to exactly them.
 *   An address there is that address and port; a name is trusted with whatever it resolves to.
 * - A proxy would resolve names itself, out of sight, so proxies of the environment are not used.
 */
import { z } from "zod";
import { DENIED_IPV4_RANGES } from "./address_ranges.ts";
import { decodeFrames, type FetchReplyHead, type FetchRequest, MAX_HEADER_BYTES, REPLY_HEADERS } from "./protocol.ts";

/** Most bytes that any request may ask for. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;
/** How much longer than a request's own limit the crawler waits before it ends the process. */
const GRACE_MILLISECONDS = 5000;

const replyHead = z.discriminatedUnion("ok", [
  z.strictObject({
    id: z.int().nonnegative(),
    ok: z.literal(true),
    status: z.int().min(100).max(599),
    headers: z.partialRecord(z.enum(REPLY_HEADERS), z.string().max(MAX_HEADER_BYTES)),
  }),
  z.strictObject({
    id: z.int().nonnegative(),
    ok: z.literal(false),
    failure: z.enum([
      "denied address",
      "network",
      "timeout",
      "too large",
      "headers too large",
      "content type",
      "content encoding",
    ]),
    message: z.string().max(500),
  }),
]) satisfies z.ZodType<FetchReplyHead>;

/** An answer, or why there is none. */
export type FetchReply = FetchReplyHead & { body: Uint8Array<ArrayBuffer> };

/** The arguments of `deno` for a process that reaches the public internet, or exactly the named hosts (`host:port`). */
export function fetchProcessArguments(reach: "public" | readonly string[]): string[] {
  // An empty list would be read as leave to connect anywhere.
  if (reach.length === 0) throw new RangeError("A fetching process for named hosts needs at least one.");
  const net = reach === "public"
    ? ["--allow-net", `--deny-net=${[...DENIED_IPV4_RANGES.map(({ range }) => range), "[::]", "[::1]"].join(",")}`]
    : [`--allow-net=${reach.join(",")}`];
  return [
    "run",
    "--quiet",
    "--no-prompt",
    // Local modules alone: nothing is looked up or downloaded when it starts.
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    "--deny-read",
    "--deny-write",
    "--deny-env",
    "--deny-run",
    "--deny-ffi",
    "--deny-sys",
    ...net,
    new URL("./fetch_main.ts", import.meta.url).href,
    reach === "public" ? "ipv4" : "named",
  ];
}

/** Of the environment, what Deno needs to start and to know whose certificates to trust. */
const PASSED_ON = [
  "DENO_DIR",
  "HOME",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
  "USERPROFILE",
  "SYSTEMROOT",
  "TMPDIR",
  "TEMP",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
];

interface Waiting {
  resolve: (reply: FetchReply) => void;
  reject: (error: unknown) => void;
}

/** A fetching process, started with the first request, and again after it ended unexpectedly. */
export class FetchProcess implements AsyncDisposable {
  readonly #reach: "public" | readonly string[];
  #child: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #closed = false;
  #requests = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** Settle when a process has ended. */
  readonly #ends = new Set<Promise<void>>();

  /** @param reach the public internet, or exactly these hosts (`host:port`) */
  constructor(reach: "public" | readonly string[]) {
    this.#reach = reach;
  }

  /**
   * One request, without redirects. Fails as data: what strangers do is no exception.
   *
   * @throws the signal's reason when it is given up
   */
  async fetch(request: Omit<FetchRequest, "id">, signal?: AbortSignal): Promise<FetchReply> {
    signal?.throwIfAborted();
    if (this.#closed) throw new Error("The crawler's fetching process is closed.");
    const id = this.#requests++;
    const { promise, resolve, reject } = Promise.withResolvers<FetchReply>();
    this.#waiting.set(id, { resolve, reject });
    const input = this.#start();
    const send = (message: unknown) => input.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
    const giveUp = () => {
      reject(signal?.reason);
      send({ cancel: id }).catch(() => {});
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    const timer = setTimeout(() => this.#kill("it did not answer in time"), request.totalTimeout + GRACE_MILLISECONDS);
    try {
      await send({ id, ...request }).catch(() => {});
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      this.#waiting.delete(id);
    }
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#kill("it was closed");
    await Promise.all(this.#ends);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): WritableStreamDefaultWriter<Uint8Array> {
    if (this.#input !== undefined) return this.#input;
    const env: Record<string, string> = { NO_COLOR: "1" };
    for (const name of PASSED_ON) {
      const value = Deno.env.get(name);
      if (value !== undefined) env[name] = value;
    }
    const child = new Deno.Command(Deno.execPath(), {
      args: fetchProcessArguments(this.#reach),
      clearEnv: true,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#input = child.stdin.getWriter();
    const end = this.#listen(child, this.#input);
    this.#ends.add(end);
    void end.then(() => this.#ends.delete(end));
    return this.#input;
  }

  async #listen(child: Deno.ChildProcess, input: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
    const complaints = lastOf(child.stderr);
    let problem = "it ended";
    try {
      for await (const { head, body } of decodeFrames(child.stdout, MAX_BODY_BYTES)) {
        const reply = replyHead.parse(head);
        this.#waiting.get(reply.id)?.resolve({ ...reply, body: body as Uint8Array<ArrayBuffer> });
      }
    } catch (error) {
      // A process that does not keep to the protocol is not to be trusted with more.
      problem = error instanceof Error ? error.message : String(error);
    }
    killQuietly(child);
    await child.status;
    await input.close().catch(() => {});
    const said = (await complaints).trim();
    if (this.#child === child) this.#failAll(`${problem}${said === "" ? "" : `. It said: ${said}`}`);
  }

  #kill(problem: string): void {
    const child = this.#child;
    if (child === undefined) return;
    this.#failAll(problem);
    killQuietly(child);
  }

  #failAll(problem: string): void {
    this.#child = undefined;
    this.#input = undefined;
    for (const [id, { resolve }] of this.#waiting) {
      const message = `the fetching process failed: ${problem}`;
      resolve({ id, ok: false, failure: "network", message, body: new Uint8Array(0) });
    }
  }
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

/** The last characters of what a process complained about. */
async function lastOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) text = (text + decoder.decode(chunk, { stream: true })).slice(-500);
  return text;
}
