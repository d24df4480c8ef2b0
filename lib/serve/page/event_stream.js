// @ts-check
/// <reference lib="dom" />
/** Server-sent events out of the body of a `fetch`: an EventSource can neither post nor carry a token. */

/** @typedef {{ event: string, data: string }} ServerEvent */

/**
 * The events of a stream as they come; one that the stream's end cuts short is left out. Leaving the loop ends the request.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* readEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = "";
  /** @type {string[]} */
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the very end may be the first half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
          event = "";
          data = [];
        } else {
          const [, field, text] = /^([^:]*)(?:: ?)?([^]*)$/.exec(line) ?? [];
          if (field === "event") event = text;
          if (field === "data") data.push(text);
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
