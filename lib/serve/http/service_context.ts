/** What all routes share. */
import { type Engine, EngineFailure, EngineUnavailableError } from "../engine/mod.ts";
import type { Admission } from "./admission.ts";
import { ApiError, knownError } from "./api_error.ts";
import { begun } from "./generation.ts";
import { ClientLeftError, Lifetime } from "./lifetime.ts";
import type { Limits } from "./limits.ts";
import type { ServiceMetrics } from "./metrics.ts";
import { pacedBody } from "./paced_body.ts";
import { type SseEvent, sseResponse } from "./sse.ts";
import { settledWithin } from "../time.ts";

/** Seconds after which a response begins although it is not known yet how it ends. */
export const PATIENCE_SECONDS = 1;

/** A request, and by whom. */
export interface Exchange {
  request: Request;
  /** Clients are told apart by it: the address. */
  client: string;
  /** Settles when the response has been sent, or never will be. */
  completed?: Promise<unknown>;
}

/** What all routes share. */
export class ServiceContext {
  readonly #ending = new AbortController();
  #hasLoggedCrash = false;

  /**
   * @param parts.engine Gives the engine, or throws an {@linkcode ApiError} while there is none.
   * @param parts.log Takes a line about what went wrong in here.
   */
  constructor(
    private readonly parts: {
      limits: Limits;
      metrics: ServiceMetrics;
      admission: Admission;
      engine: () => Engine;
      log: (line: string) => void;
    },
  ) {}

  get limits(): Limits {
    return this.parts.limits;
  }

  get metrics(): ServiceMetrics {
    return this.parts.metrics;
  }

  get admission(): Admission {
    return this.parts.admission;
  }

  engine(): Engine {
    return this.parts.engine();
  }

  /** Ends all that is still being done. */
  end(reason: unknown): void {
    this.#ending.abort(reason);
  }

  /** The lifetime of the work for a request. */
  lifetime({ request }: Exchange): Lifetime {
    return new Lifetime(request, this.#ending.signal, this.metrics);
  }

  /**
   * What was thrown, as an answer. What nobody foresaw goes to the log, and the client reads that it did; so does what whoever
   * runs the service has to see to, such as a model that fails.
   */
  asApiError(error: unknown): ApiError {
    const known = knownError(error);
    if (known !== null) {
      if (error instanceof EngineFailure && error.kind === "model") this.parts.log(`${error}`);
      if (error instanceof EngineUnavailableError && error.state === "crashed") this.#logCrash(error);
      return known;
    }
    if (error instanceof ClientLeftError) return new ApiError(499, error.message, { code: "client_left" });
    this.parts.log(error instanceof Error ? error.stack ?? error.message : String(error));
    return new ApiError(500, "the service failed; what went wrong stands in its log", { code: "internal_error" });
  }

  /** Once: every request after a crash is refused for the same reason. */
  #logCrash(error: EngineUnavailableError): void {
    if (!this.#hasLoggedCrash) this.parts.log(`${error}: start the service anew`);
    this.#hasLoggedCrash = true;
  }

  /**
   * Answers by JSON when work is done.
   *
   * Deno tells of a client that has left only once the response has begun, when the request's body came in a packet of its own. So
   * an answer that takes longer than `PATIENCE_SECONDS` begins before it is known; should the work fail after that, the response
   * is broken off.
   *
   * @param parts.free Frees what the work holds, however it ended.
   * @throws What the work throws by then.
   */
  async answer(
    { exchange, lifetime, work, free }: {
      exchange: Exchange;
      lifetime: Lifetime;
      work: Promise<object>;
      free: () => void;
    },
  ): Promise<Response> {
    const done = work.finally(() => {
      lifetime.release();
      free();
    });
    done.catch(() => {});
    if (await settledWithin(done, PATIENCE_SECONDS)) return Response.json(await done);
    done.catch((error) => lifetime.hasLeft || this.asApiError(error));
    const leave = (how: "left" | "stalled") => lifetime.leave(how);
    exchange.completed?.catch(() => {}).then(() => leave("left"));
    const bytes = (async function* () {
      yield new TextEncoder().encode(JSON.stringify(await done));
    })();
    return new Response(pacedBody(bytes, { ...this.limits, onLeave: leave }), {
      headers: { "content-type": "application/json" },
    });
  }

  /**
   * Sends events; what is thrown in their midst becomes the last one.
   *
   * @param parts.events The first one is waited for, `PATIENCE_SECONDS` at most, so that what is wrong with the request has a status
   *   of its own.
   * @param parts.errorEvents How an error is told.
   * @param parts.free Frees what the work holds, however it ended; may be called more than once.
   * @throws What is thrown in place of the first event.
   */
  async stream(
    { exchange, lifetime, events, errorEvents, free }: {
      exchange: Exchange;
      lifetime: Lifetime;
      events: AsyncGenerator<SseEvent, void>;
      errorEvents: (error: ApiError) => SseEvent[];
      free: () => void;
    },
  ): Promise<Response> {
    const asApiError = (error: unknown) => this.asApiError(error);
    let begunEvents: AsyncIterableIterator<SseEvent, void>;
    try {
      begunEvents = await begun(events, PATIENCE_SECONDS);
    } catch (error) {
      lifetime.release();
      free();
      throw error;
    }
    const told = (async function* () {
      try {
        yield* begunEvents;
      } catch (error) {
        if (!lifetime.hasLeft) yield* errorEvents(asApiError(error));
      } finally {
        lifetime.release();
        free();
      }
    })();
    const leave = (how: "left" | "stalled") => {
      lifetime.leave(how);
      free();
      // A client may have gone before anything was read: then `told` never runs, nor does what it ends with.
      events.return().catch(() => {});
    };
    exchange.completed?.catch(() => {}).then(() => leave("left"));
    return sseResponse(told, { ...this.limits, onLeave: leave });
  }
}
