/** A server over HTTP. */
import { z } from "zod";
import { StreamableHTTPClientTransport } from "./sdk.ts";
import type { McpAddress } from "./server_address.ts";

const MAX_MESSAGE_BYTES = 10 * 2 ** 20;
const MAX_ERROR_BYTES = 64 * 2 ** 10;

/**
 * The SDK's transport, with answers bounded, and with an error for a request whose answer broke off: the SDK would wait for it
 * until the time limit.
 *
 * @throws {TypeError} when the address is none
 */
export function httpTransport({ url, headers = {} }: McpAddress): StreamableHTTPClientTransport {
  const address = new URL(url);
  if (address.protocol !== "http:" && address.protocol !== "https:") {
    throw new TypeError(`expected an address that begins with http: or https:, got ${address.protocol}`);
  }
  const open: OpenAnswers = new Map();
  return new StreamableHTTPClientTransport(address, {
    requestInit: { headers: { ...headers } },
    async fetch(target, init) {
      const message = Message.safeParse(typeof init?.body === "string" ? JSON.parse(init.body) : undefined).data;
      // Nobody waits for its answer any more, and not every server ends it then.
      if (message?.method === "notifications/cancelled") open.get(message.params?.requestId ?? "")?.();
      return watchedResponse(await fetch(target, init), message?.id, open);
    },
  });
}

type RequestId = string | number;
const RequestId = z.union([z.string(), z.number()]);
const Message = z.object({
  method: z.string(),
  id: RequestId.optional(),
  params: z.object({ requestId: RequestId.optional() }).optional(),
});

/** Ways to end the answers that have not ended. */
type OpenAnswers = Map<RequestId, () => void>;

function watchedResponse(response: Response, id: RequestId | undefined, open: OpenAnswers): Response {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
  const watched = !response.ok
    ? limitedBody(body, MAX_ERROR_BYTES)
    : isStream
    ? watchedEvents(body, id, open)
    : limitedBody(body, MAX_MESSAGE_BYTES);
  return new Response(watched, { status, statusText, headers });
}

function limitedBody(body: ReadableStream<Uint8Array>, maxBytes: number): ReadableStream<Uint8Array> {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream({
      transform(part, controller) {
        bytes += part.length;
        if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
        controller.enqueue(part);
      },
    }),
  );
}

/** A blank line ends an event. */
const EVENT_END = /\n\r?\n|\r\r/;
/** An event that can be asked for again, at which the SDK goes on by itself. */
const RESUMABLE = /(?:^|[\r\n])id:/;

/** Events as they come; when they stop before the answer can have come, an error in its place. */
function watchedEvents(
  body: ReadableStream<Uint8Array>,
  id: RequestId | undefined,
  open: OpenAnswers,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  if (id !== undefined) open.set(id, () => void reader.cancel().catch(() => {}));
  const finish = () => {
    if (id !== undefined) open.delete(id);
  };
  const decoder = new TextDecoder();
  let eventBytes = 0;
  let isResumable = false;
  // What looks for line ends sees those between two parts as well.
  let ending = "";

  const lastEvent = (message: string): Uint8Array => {
    const answer = { jsonrpc: "2.0", id, error: { code: -32_000, message } };
    return new TextEncoder().encode(`\n\nevent: message\ndata: ${JSON.stringify(answer)}\n\n`);
  };
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) {
        // An answer that came already is not asked for any more: then the SDK drops this one.
        if (id !== undefined && !isResumable) {
          controller.enqueue(lastEvent("the connection broke off before the answer"));
        }
        finish();
        return controller.close();
      }
      const text = ending + decoder.decode(value, { stream: true });
      ending = text.slice(-3);
      isResumable ||= RESUMABLE.test(text);
      eventBytes = EVENT_END.test(text) ? 0 : eventBytes + value.length;
      if (eventBytes <= MAX_MESSAGE_BYTES) return controller.enqueue(value);
      await reader.cancel().catch(() => {});
      if (id !== undefined) controller.enqueue(lastEvent(`the answer has more than ${MAX_MESSAGE_BYTES} bytes`));
      finish();
      controller.close();
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  });
}
