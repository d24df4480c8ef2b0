/** A pool over endpoints and a clock of a test's own, and work that ends when the test says so. */
import { EndpointFault, endpointPool, type EndpointPoolOptions, type Turn } from "../../lib/endpoints/mod.ts";
import { fakeFetch, type FakeHealth, settled, TestClock } from "./fake_endpoints.ts";

/** A pool of the hosts a, b, c ... that are well, over a clock that stands still. */
export function fakePool(count: number, options: Partial<EndpointPoolOptions> & { caps?: number[] } = {}) {
  const clock = new TestClock();
  const names = ["a", "b", "c", "d"].slice(0, count);
  const hosts = Object.fromEntries(names.map((name): [string, FakeHealth] => [name, { status: 200, looks: [] }]));
  const changes: string[] = [];
  const pool = endpointPool({
    endpoints: names.map((name, i) => ({ url: `http://${name}/v1`, maxConcurrency: options.caps?.[i] })),
    clock,
    fetch: fakeFetch(hosts),
    onChange: ({ url, state }) => changes.push(`${new URL(url).hostname} ${state}`),
    ...options,
  });
  return { pool, clock, hosts, changes };
}

/** Work that ends when the test says so. */
export class Works {
  /** Hosts in the order in which turns were given. */
  readonly begun: string[] = [];
  readonly #open: { host: string; end: PromiseWithResolvers<string> }[] = [];

  readonly work = async (turn: Turn): Promise<string> => {
    const host = new URL(turn.url).hostname;
    this.begun.push(host);
    const end = Promise.withResolvers<string>();
    this.#open.push({ host, end });
    const onAbort = () => end.reject(turn.signal.reason);
    turn.signal.addEventListener("abort", onAbort);
    try {
      return await end.promise;
    } finally {
      turn.signal.removeEventListener("abort", onAbort);
    }
  };

  /** Ends the one that has run for longest at a host. */
  async end(host: string, error?: Error): Promise<void> {
    const [one] = this.#open.splice(this.#open.findIndex((open) => open.host === host), 1);
    if (error) one.end.reject(error);
    else one.end.resolve(host);
    await settled();
  }
}

/** An endpoint's fault, whose message is its kind. */
export const fault = (kind: EndpointFault["kind"], retryAfterMs?: number) =>
  new EndpointFault(kind, kind, { retryAfterMs });
