/** Text from the engine on behalf of a request: let in, measured, and ended when its client leaves. */
import type { Engine, EngineEvent, GenerateRequest } from "../engine/mod.ts";
import type { Ticket } from "./admission.ts";
import { badRequest } from "./api_error.ts";
import type { Limits } from "./limits.ts";
import { type Merged, merged } from "./merge.ts";
import type { ServiceMetrics } from "./metrics.ts";
import { settledWithin } from "../time.ts";

/** A request's replies, and who waits for them. */
export interface Generation {
  engine: Engine;
  /** One for each reply. */
  requests: readonly GenerateRequest[];
  /** Given back when all replies have ended. */
  ticket: Ticket;
  signal: AbortSignal;
  metrics: ServiceMetrics;
}

/**
 * The events of all replies as they come. However the reading ends, the rows are freed and the ticket is given back.
 *
 * @throws What the engine throws, and the signal's reason.
 */
export async function* generated(
  { engine, requests, ticket, signal, metrics }: Generation,
): AsyncGenerator<Merged<EngineEvent>, void> {
  const begun = performance.now();
  // Ends the other replies when one has failed.
  const end = new AbortController();
  const ended = AbortSignal.any([signal, end.signal]);
  let isFirst = true;
  try {
    for await (const { index, value } of merged(requests.map((each) => engine.generate(each, { signal: ended })))) {
      if (value.type === "start") metrics.promptTokens.add(value.promptTokens);
      if (value.type === "token") {
        metrics.completionTokens.add();
        if (isFirst) metrics.firstTokenSeconds.observe((performance.now() - begun) / 1000);
        isFirst = false;
      }
      yield { index, value };
    }
  } finally {
    end.abort(new Error("nobody waits for this reply any more"));
    ticket.leave();
  }
}

/**
 * Waits for the first event, so that what is wrong with a request is known while its answer can still have another status.
 *
 * @param patience Seconds. When nothing has come by then, the request waits for a row, and nothing is wrong with it.
 * @returns The same stream, from its first event on.
 * @throws What the stream throws in place of its first event.
 */
export async function begun<Event>(
  events: AsyncGenerator<Event, void>,
  patience: number,
): Promise<AsyncIterableIterator<Event, void>> {
  const first = events.next();
  await settledWithin(first, patience);
  let isFirst = true;
  const stream: AsyncIterableIterator<Event, void> = {
    next() {
      if (!isFirst) return events.next();
      isFirst = false;
      return first;
    },
    return: () => events.return(),
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}

/**
 * Sees that a prompt is not longer than allowed. The engine itself sees to the model's context.
 *
 * @throws {ApiError} 400.
 */
export async function checkPromptLength(
  engine: Engine,
  { model, input }: Pick<GenerateRequest, "model" | "input">,
  { maxPromptTokens }: Pick<Limits, "maxPromptTokens">,
  param: string,
): Promise<void> {
  const context = engine.models.find(({ id }) => id === model)?.contextTokens ?? 0;
  if (maxPromptTokens === undefined || maxPromptTokens >= context) return;
  const tokens = await engine.countTokens(model, input);
  if (tokens > maxPromptTokens) {
    throw badRequest(
      `the prompt has ${tokens} tokens, and ${maxPromptTokens} are allowed here: shorten it`,
      param,
      "context_length_exceeded",
    );
  }
}
