/** Streams in the form of OpenAI's API: a JSON object an event, and `[DONE]` at the end. */
import type { ApiError } from "./api_error.ts";
import type { SseEvent } from "./sse.ts";

/** Objects as events. */
export async function* openaiEvents(objects: AsyncIterable<object>): AsyncGenerator<SseEvent, void> {
  for await (const object of objects) yield { data: JSON.stringify(object) };
  yield { data: "[DONE]" };
}

/** An error in the midst of a stream, as clients look for it. */
export function openaiErrorEvents(error: ApiError): SseEvent[] {
  return [{ data: JSON.stringify(error.body) }, { data: "[DONE]" }];
}
