/**
 * What the crawler and its fetching process say to each other: requests as JSON lines on standard input, replies as frames on
 * standard output. This file and `fetch_main.ts` import no package, so that the process starts without a configuration.
 */

/** One request, without redirects: the crawler looks at each address first. */
export interface FetchRequest {
  id: number;
  url: string;
  headers: [name: string, value: string][];
  /** Most bytes of the body, after decompression. */
  maxBytes: number;
  /** Whether a longer body is an error, or cut. */
  overflow: "fail" | "cut";
  /** Media types whose bodies are wanted; null for any. */
  mediaTypes: string[] | null;
  /** Milliseconds until the head of the answer is there, connecting included. */
  headTimeout: number;
  /** Milliseconds between two parts of the body. */
  idleTimeout: number;
  /** Milliseconds for everything. */
  totalTimeout: number;
}

/** Gives a request up. */
export interface FetchCancel {
  cancel: number;
}

/** Why there is no answer. */
export type FetchFailureKind =
  | "denied address"
  | "network"
  | "timeout"
  | "too large"
  | "headers too large"
  | "content type"
  | "content encoding";

/** The head of a reply; the body follows in the frame. */
export type FetchReplyHead =
  | { id: number; ok: true; status: number; headers: Record<string, string> }
  | { id: number; ok: false; failure: FetchFailureKind; message: string };

/** The headers that the crawler reads. Set-Cookie is not among them: no cookies are kept. */
export const REPLY_HEADERS = [
  "content-type",
  "content-language",
  "etag",
  "last-modified",
  "link",
  "location",
  "retry-after",
  "x-robots-tag",
] as const;

/** Most bytes of all headers of an answer. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** Most bytes of a frame's head: {@link REPLY_HEADERS} of at most {@link MAX_HEADER_BYTES}, escaped as JSON. */
export const MAX_HEAD_BYTES = 8 * MAX_HEADER_BYTES;

const FRAME_PREFIX = 8;

/** A frame: length of the head and of the body (32 bits each, big-endian), the head as JSON, the body. */
export function encodeFrame(head: FetchReplyHead, body: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const frame = new Uint8Array(FRAME_PREFIX + json.length + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, json.length);
  view.setUint32(4, body.length);
  frame.set(json, FRAME_PREFIX);
  frame.set(body, FRAME_PREFIX + json.length);
  return frame;
}

/**
 * Reads frames as they come.
 *
 * @param maxBodyBytes of one frame
 * @throws {Error} when a frame is longer than allowed, its head is not JSON, or the stream ends within one
 */
export async function* decodeFrames(
  stream: AsyncIterable<Uint8Array>,
  maxBodyBytes: number,
): AsyncGenerator<{ head: unknown; body: Uint8Array }, void, undefined> {
  const parts = new ByteQueue();
  for await (const chunk of stream) {
    parts.push(chunk);
    while (parts.length >= FRAME_PREFIX) {
      const view = new DataView(parts.peek(FRAME_PREFIX).buffer);
      const [headLength, bodyLength] = [view.getUint32(0), view.getUint32(4)];
      if (headLength > MAX_HEAD_BYTES || bodyLength > maxBodyBytes) {
        throw new Error(`the fetching process announced a frame of ${headLength} and ${bodyLength} bytes`);
      }
      if (parts.length < FRAME_PREFIX + headLength + bodyLength) break;
      parts.take(FRAME_PREFIX);
      const head: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(parts.take(headLength)));
      yield { head, body: parts.take(bodyLength) };
    }
  }
  if (parts.length > 0) throw new Error("the fetching process ended within an answer");
}

/** Bytes that come in pieces and go in others. */
class ByteQueue {
  #chunks: Uint8Array[] = [];
  length = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** A copy of the first bytes, which stay. */
  peek(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    let offset = 0;
    for (const chunk of this.#chunks) {
      if (offset === count) break;
      const part = chunk.subarray(0, count - offset);
      bytes.set(part, offset);
      offset += part.length;
    }
    return bytes;
  }

  /** A copy of the first bytes, which go. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const bytes = this.peek(count);
    this.length -= count;
    while (count > 0) {
      const [first] = this.#chunks;
      if (first.length > count) {
        this.#chunks[0] = first.subarray(count);
        break;
      }
      this.#chunks.shift();
      count -= first.length;
    }
    return bytes;
  }
}
