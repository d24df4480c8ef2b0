/** Endpoints and a clock of a test's own: nothing happens but what the test lets happen. */
import type { Clock } from "../../lib/endpoints/mod.ts";

/** A clock that stands still until it is set on. */
export class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, one timer after the other, and what follows from each. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settled();
    }
    this.#now = end;
  }
}

/** Lets promises settle that wait for nothing but each other. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** How endpoints answer when they are asked how they are. By host, such as `a`. */
export interface FakeHealth {
  /** A status, or how the connection fails. */
  status: number | "refused" | "hangs";
  /** What was looked at. */
  looks: string[];
}

/** A `fetch` for looks at endpoints. */
export function fakeFetch(hosts: Readonly<Record<string, FakeHealth>>): typeof fetch {
  return (input, init) => {
    const { hostname, pathname } = new URL(`${input}`);
    const host = hosts[hostname];
    host.looks.push(pathname);
    if (host.status === "refused") return Promise.reject(new TypeError("connection refused"));
    if (host.status === "hangs") {
      return new Promise((_, reject) => init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason)));
    }
    return Promise.resolve(new Response(null, { status: host.status }));
  };
}
