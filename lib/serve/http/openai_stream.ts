/** Streams in the form of OpenAI's API: a JSON object an event, and `[DONE]` at the end. */
import type { ApiError } from "./api_error.ts";
import type { ServiceContext } from "./service_context.ts";
import type { SseEvent } from "./sse.ts";

/** What a reply in pieces is made of. */
export type OpenaiStream = Pick<Parameters<ServiceContext["stream"]>[0], "exchange" | "lifetime" | "free"> & {
  chunks: AsyncIterable<object>;
};

/** A reply in pieces, in OpenAI's form. @throws What `ServiceContext.stream` throws. */
export function openaiStream(context: ServiceContext, { chunks, ...rest }: OpenaiStream): Promise<Response> {
  return context.stream({ ...rest, events: openaiEvents(chunks), errorEvents: openaiErrorEvents });
}

/** Objects as events. */
async function* openaiEvents(objects: AsyncIterable<object>): AsyncGenerator<SseEvent, void> {
  for await (const object of objects) yield { data: JSON.stringify(object) };
  yield { data: "[DONE]" };
}

/** An error in the midst of a stream, as clients look for it. */
function openaiErrorEvents(error: ApiError): SseEvent[] {
  return [{ data: JSON.stringify(error.body) }, { data: "[DONE]" }];
}
