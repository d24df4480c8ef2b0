/**
 * The fetching process: `deno run` with network permission and no other, started by fetch_process.ts. It does one request
 * at a time for each line that it gets, follows no redirect, keeps no cookie, and ends when its input does.
 *
 * Its argument is `ipv4` for a process that may connect to the public internet: see fetch_process.ts.
 */
import {
  encodeFrame,
  type FetchCancel,
  type FetchFailureKind,
  type FetchReplyHead,
  type FetchRequest,
} from "./protocol.ts";
import { MAX_HEADER_BYTES, REPLY_HEADERS } from "./protocol.ts";

/** Encodings that Deno's fetch takes off a body by itself. */
const DECODED = new Set(["", "identity", "gzip", "x-gzip", "br"]);

const NOTHING = new Uint8Array(0);

/** Why a request got no answer. */
class Failure extends Error {
  constructor(readonly kind: FetchFailureKind, message: string) {
    super(message);
  }
}

const client = Deno.createHttpClient(Deno.args[0] === "ipv4" ? { localAddress: "0.0.0.0" } : {});
const running = new Map<number, AbortController>();
let writing: Promise<void> = Promise.resolve();

for await (const line of linesOf(Deno.stdin.readable)) {
  const message = JSON.parse(line) as FetchRequest | FetchCancel;
  if ("cancel" in message) running.get(message.cancel)?.abort();
  else void answer(message);
}
// The crawler is gone.
Deno.exit(0);

async function answer(request: FetchRequest): Promise<void> {
  const controller = new AbortController();
  running.set(request.id, controller);
  let head: FetchReplyHead;
  let body = NOTHING;
  try {
    const answered = await fetchOnce(request, controller);
    head = { id: request.id, ok: true, ...answered.head };
    body = answered.body;
  } catch (error) {
    const failure = error instanceof Failure ? error : failureOf(error, controller.signal);
    head = { id: request.id, ok: false, failure: failure.kind, message: failure.message.slice(0, 500) };
  }
  running.delete(request.id);
  writing = writing.then(() => writeAll(encodeFrame(head, body)));
  await writing;
}

interface Answered {
  head: { status: number; headers: Record<string, string> };
  body: Uint8Array<ArrayBuffer>;
}

async function fetchOnce(request: FetchRequest, controller: AbortController): Promise<Answered> {
  const expire = (what: string) => controller.abort(new Failure("timeout", what));
  const total = setTimeout(() => expire(`not finished after ${request.totalTimeout} ms`), request.totalTimeout);
  let waiting = setTimeout(() => expire(`no answer within ${request.headTimeout} ms`), request.headTimeout);
  try {
    const response = await fetch(request.url, {
      client,
      headers: request.headers,
      redirect: "manual",
      signal: controller.signal,
    });
    clearTimeout(waiting);
    const head = { status: response.status, headers: headersOf(response) };
    if (response.status < 200 || response.status > 299 || response.body === null) {
      await response.body?.cancel();
      return { head, body: NOTHING };
    }
    try {
      checkHead(response, request);
      const chunks: Uint8Array[] = [];
      let length = 0;
      const reader = response.body.getReader();
      while (true) {
        waiting = setTimeout(() => expire(`nothing came for ${request.idleTimeout} ms`), request.idleTimeout);
        const { value, done } = await reader.read();
        clearTimeout(waiting);
        if (done) break;
        chunks.push(value);
        length += value.length;
        if (length > request.maxBytes) {
          if (request.overflow === "cut") break;
          throw new Failure("too large", `the body has more than ${request.maxBytes} bytes`);
        }
      }
      return { head, body: joined(chunks, Math.min(length, request.maxBytes)) };
    } finally {
      // Closes the connection where the body was not read to its end.
      controller.abort();
    }
  } finally {
    clearTimeout(total);
    clearTimeout(waiting);
  }
}

/** Refuses an answer by its head, before its body is read. */
function checkHead(response: Response, request: FetchRequest): void {
  const encoding = (response.headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (!DECODED.has(encoding)) throw new Failure("content encoding", `the body is encoded as ${encoding.slice(0, 40)}`);
  const type = (response.headers.get("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
  if (request.mediaTypes !== null && !request.mediaTypes.includes(type)) {
    throw new Failure(
      "content type",
      type === "" ? "the answer has no content type" : `the content is ${type.slice(0, 80)}`,
    );
  }
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > request.maxBytes && request.overflow === "fail") {
    throw new Failure("too large", `the body has ${announced} bytes, more than ${request.maxBytes}`);
  }
}

function headersOf(response: Response): Record<string, string> {
  let bytes = 0;
  for (const [name, value] of response.headers) bytes += name.length + value.length + 4;
  if (bytes > MAX_HEADER_BYTES) {
    throw new Failure("headers too large", `the headers have ${bytes} bytes, more than ${MAX_HEADER_BYTES}`);
  }
  const headers: Record<string, string> = {};
  for (const name of REPLY_HEADERS) {
    const value = response.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted && signal.reason instanceof Failure) return signal.reason;
  const texts: string[] = [];
  for (let cause = error; cause instanceof Error && texts.length < 5; cause = cause.cause) texts.push(cause.message);
  const message = texts.join(": ");
  const denied = error instanceof Deno.errors.NotCapable || /requires net access/i.test(message);
  return new Failure(denied ? "denied address" : "network", message);
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, length - offset);
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
