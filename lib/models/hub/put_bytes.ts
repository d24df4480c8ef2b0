import http from "node:http";
import https from "node:https";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { readRange, type UploadFile } from "./local_files.ts";
import { type HubConnection, HubError, retryAfterMs, type Subject, Watchdog } from "./request.ts";
import { uploadError } from "./send.ts";

/** A piece of a file, and the signed address that it goes to. */
export interface Piece {
  url: string;
  headers: Record<string, string>;
  file: UploadFile;
  start: number;
  end: number;
}

/** The storage does not take what comes to a signed address: it has run out, or belongs to another upload. */
export class LinkExpiredError extends Error {
  override name = "LinkExpiredError";
}

/**
 * Puts a piece of a file to where the hub keeps large files, as it is read. By Node's client: `fetch` sends streams in
 * chunks without a length, which object stores refuse, and would otherwise need the piece in memory. Never sends the token.
 * Certificates of one's own it reads from NODE_EXTRA_CA_CERTS, not from DENO_CERT.
 *
 * @param onBytes told how many more bytes have left
 * @returns the answer's etag
 * @throws {LinkExpiredError} when another address is needed, {HubError} for all else
 */
export async function putBytes(
  hub: HubConnection,
  subject: Subject,
  { url, headers, file, start, end }: Piece,
  onBytes: (bytes: number) => void,
): Promise<string | undefined> {
  const watchdog = new Watchdog(hub);
  try {
    const target = new URL(url);
    if (target.protocol !== "https:" && target.protocol !== "http:") {
      throw new HubError(
        "protocol",
        `${hub.endpoint} wants large files at ${target.protocol}, which was not expected.`,
      );
    }
    watchdog.signal.throwIfAborted();
    const { status, etag, wait } = await new Promise<{ status: number; etag: string | undefined; wait: number }>(
      (resolve, reject) => {
        // By the proxies that the environment names, as `fetch` goes.
        const agentOptions = { keepAlive: false, proxyEnv: process.env };
        const client = target.protocol === "https:" ? https : http;
        const request = client.request(target, {
          method: "PUT",
          agent: new client.Agent(agentOptions),
          headers: { ...headers, "content-length": String(end - start) },
        });
        // Given to the request, a signal is not heard of once the body has left.
        watchdog.signal.addEventListener("abort", () => {
          reject(watchdog.signal.reason);
          request.destroy();
        }, { once: true });
        request.on("error", reject);
        request.on("response", (response) => {
          watchdog.heard();
          response.on("error", reject);
          response.on("close", () => reject(new Error("the connection broke before the answer was whole")));
          response.on("end", () => {
            const told = new Response(null, { headers: pick(response.headers, "retry-after") });
            resolve({ status: response.statusCode ?? 0, etag: response.headers.etag, wait: retryAfterMs(told) });
          });
          response.resume();
        });
        const pieces = async function* () {
          for await (const piece of readRange(file, start, end)) {
            yield piece;
            watchdog.heard();
            onBytes(piece.length);
          }
        };
        // What ends early is told by the answer; a connection that breaks, by the request.
        pipeline(Readable.from(pieces()), request).catch(reject);
      },
    );
    if (status >= 200 && status < 300) return etag;
    // Object stores answer 400 or 403 for signatures that have run out, 404 for an upload in parts that they dropped.
    if (status === 400 || status === 403 || status === 404) {
      throw new LinkExpiredError(`the storage answers ${status} for ${file.path}`);
    }
    throw new HubError(
      status === 408 || status === 429 || status >= 500 ? "network" : "refused",
      `The storage of ${hub.endpoint} answers ${status} for ${file.path} of ${subject.repo}.`,
      status === 408 || status === 429 || status >= 500,
      undefined,
      wait,
    );
  } catch (error) {
    if (error instanceof HubError || error instanceof LinkExpiredError) throw error;
    const reason: unknown = watchdog.signal.aborted ? watchdog.signal.reason : error;
    throw uploadError(hub, subject, reason);
  } finally {
    watchdog.stop();
  }
}

function pick(headers: http.IncomingHttpHeaders, name: string): Record<string, string> {
  const value = headers[name];
  return typeof value === "string" ? { [name]: value } : {};
}
