/** Which endpoints, and how they are looked after. */
import { type Clock, systemClock } from "./clock.ts";

/** An OpenAI-compatible service. */
export interface EndpointAddress {
  /** Such as `http://10.0.0.5:8000/v1`. */
  url: string;
  /** Sent as a bearer token. Default: none. */
  key?: string;
  /** Replies that it writes for this pool at one time; a machine that can do twice as much gets twice the number. Default 16. */
  maxConcurrency?: number;
}

/** Something about an endpoint that has changed. */
export interface EndpointChange {
  url: string;
  /** `"out"`: it gets no requests until it answers again; `"busy"`: none for a while, as it has asked; `"up"`: it does again. */
  state: "up" | "busy" | "out";
  /** What was wrong; empty when nothing is. */
  why: string;
}

/** Options of `endpointPool`. */
export interface EndpointPoolOptions {
  endpoints: readonly EndpointAddress[];
  /** Replies under way at one time, over all endpoints. Default: what they take together. */
  maxConcurrency?: number;
  /** Milliseconds between two looks at an endpoint that is well, while there is anything to do. Default 10,000. */
  healthIntervalMs?: number;
  /** Milliseconds that a look may take. Default 5,000. */
  healthTimeoutMs?: number;
  /** An endpoint that is out is looked at after half a second, then after twice that, up to this. Default 30,000. */
  maxProbeIntervalMs?: number;
  /** Tries after the first, for a request that fails by its endpoint's fault. Default 5. */
  maxRetries?: number;
  /** Milliseconds that a request waits while no endpoint is well, or all are busy, before it fails. Default 300,000. */
  patienceMs?: number;
  /** Called when an endpoint is taken out, set aside or taken in again. */
  onChange?: (change: EndpointChange) => void;
  /** How endpoints are reached, but by chat models, whose client is their own. Default: the global one. */
  fetch?: typeof fetch;
  /** Default: the machine's. */
  clock?: Clock;
}

/** The options with their defaults. */
export type PoolSettings = Required<Omit<EndpointPoolOptions, "endpoints">> & {
  endpoints: readonly (Omit<EndpointAddress, "maxConcurrency"> & { maxConcurrency: number })[];
};

/** The longest time that a timer can be set to; a longer one would end at once. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {RangeError} For a number that cannot be, naming it; {TypeError} for an address that is none, or is there twice.
 */
export function poolSettings(options: EndpointPoolOptions): PoolSettings {
  const { healthIntervalMs = 10_000, healthTimeoutMs = 5_000, maxProbeIntervalMs = 30_000 } = options;
  const { maxRetries = 5, patienceMs = 300_000, maxConcurrency = Number.MAX_SAFE_INTEGER } = options;
  for (const [name, value] of Object.entries({ healthIntervalMs, healthTimeoutMs, maxProbeIntervalMs, patienceMs })) {
    if (value > 0 && value <= MAX_MILLISECONDS) continue;
    throw new RangeError(
      `${name}: expected milliseconds, a number above 0 and at most ${MAX_MILLISECONDS}, got ${value}`,
    );
  }
  checkWhole("maxRetries", maxRetries, 0);
  checkWhole("maxConcurrency", maxConcurrency, 1);
  if (options.endpoints.length === 0) throw new RangeError("endpoints: expected at least one address, got none");
  const endpoints = options.endpoints.map(({ url, key, maxConcurrency = 16 }, index) => {
    checkWhole(`endpoints[${index}].maxConcurrency`, maxConcurrency, 1);
    // Else the header is refused at each request, in a message that quotes it.
    if (key !== undefined && !/^[\x21-\x7e]*$/.test(key)) {
      throw new TypeError(
        `endpoints[${index}].key: expected letters, digits and signs alone, without spaces or line ends`,
      );
    }
    return { url: address(url, index), key, maxConcurrency };
  });
  const twice = endpoints.find(({ url }, index) => endpoints.findIndex((other) => other.url === url) < index);
  if (twice) throw new TypeError(`endpoints: ${twice.url} is there twice; give it more by maxConcurrency`);
  return {
    ...{ endpoints, maxConcurrency, healthIntervalMs, healthTimeoutMs, maxProbeIntervalMs, maxRetries, patienceMs },
    onChange: options.onChange ?? (() => {}),
    fetch: options.fetch ?? ((...given) => fetch(...given)),
    clock: options.clock ?? systemClock,
  };
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name}: expected a whole number, ${least} or more, got ${value}`);
}

function address(given: string, index: number): string {
  const where = `endpoints[${index}].url`;
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`${where}: expected an address that begins with http:// or https://, got ${given}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new TypeError(
      `${where}: expected an address such as http://127.0.0.1:8000/v1, with the key as a field of its own`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
