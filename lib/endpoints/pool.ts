/** Requests over several endpoints: each goes to the one that has least to do, and to another one when that fails. */
import { type AttemptOptions, Attempts, type Turn } from "./attempts.ts";
import { NoEndpointError } from "./errors.ts";
import { type EndpointStats, Member } from "./member.ts";
import { type EndpointPoolOptions, type PoolSettings, poolSettings } from "./options.ts";

/** Endpoints that serve the same models, and who may ask which of them when. */
export interface EndpointPool {
  /** How each endpoint is, and what it has done, in their order. */
  stats(): EndpointStats[];
  /**
   * Does a request's work at an endpoint that has room for it, and again elsewhere when it fails by the endpoint's fault. Requests
   * are served in the order in which they came.
   *
   * @param work Throws `EndpointFault` for what another endpoint may do better; what else it throws is thrown here. It is called again
   *   only when it has failed: what it has done up to then must not count.
   * @throws {EndpointFault} When too many tries have failed; {NoEndpointError} when no endpoint was well for too long; the signal's
   *   reason when it is aborted.
   */
  run<Result>(work: (turn: Turn) => Promise<Result>, options?: AttemptOptions): Promise<Result>;
  /** The tries of one request, for work that is no single promise, such as a stream. */
  attempts(options?: AttemptOptions): Attempts;
  /** Looks at all endpoints now, and returns how they are. */
  check(): Promise<EndpointStats[]>;
  /** Turns away who waits, and stops looking after endpoints. Requests under way are their callers' to end. */
  dispose(): Promise<void>;
}

/** A request that waits for an endpoint. */
interface Waiting {
  /** Its place in the line: a request that is tried again keeps it. */
  place: number;
  replies: number;
  /** Endpoints that have failed on it. */
  avoid: ReadonlySet<Member>;
  since: number;
  take(member: Member): void;
  turnAway(reason: unknown): void;
}

/**
 * A pool of endpoints. It looks at them while there is anything to do, and never holds a process that has nothing to do.
 *
 * @throws {RangeError} and {TypeError} For options that cannot be, naming them.
 *
 * @example
 * ```ts
 * const pool = endpointPool({ endpoints: [{ url: "http://10.0.0.5:8000/v1" }, { url: "http://10.0.0.6:8000/v1" }] });
 * const judge = chatJudge({ model: pooledChatModel(pool, { model: "Qwen/Qwen2.5-7B-Instruct" }), concurrency: 32 });
 * ```
 */
export function endpointPool(options: EndpointPoolOptions): EndpointPool {
  return new Pool(poolSettings(options));
}

/** The pool's own side, which `Attempts` deals with too. */
export class Pool implements EndpointPool {
  readonly members: readonly Member[];
  /** In the order in which they are to be served. */
  readonly #line: Waiting[] = [];
  #open = 0;
  #places = 0;
  #uses = 0;
  #checks = 0;
  #isDisposed = false;
  /** Since when all endpoints are out, or too busy and have answered nothing; null: one is well. */
  #noneSince: number | null = null;
  /** Calls off the next look at the line. */
  #callOff: (() => void) | null = null;

  constructor(readonly settings: PoolSettings) {
    this.members = settings.endpoints.map((endpoint) => new Member(endpoint, settings, () => this.#changed()));
  }

  stats(): EndpointStats[] {
    return this.members.map(({ stats }) => stats);
  }

  attempts(options: AttemptOptions = {}): Attempts {
    return new Attempts(this, this.#places++, options);
  }

  async run<Result>(work: (turn: Turn) => Promise<Result>, options: AttemptOptions = {}): Promise<Result> {
    const attempts = this.attempts(options);
    for (;;) {
      const turn = await attempts.next();
      try {
        const result = await work(turn);
        turn.succeeded();
        return result;
      } catch (error) {
        turn.failed(error);
      }
    }
  }

  async check(): Promise<EndpointStats[]> {
    this.#checks++;
    try {
      await Promise.all(this.members.map((member) => member.look()));
    } finally {
      this.#checks--;
      this.#rest();
    }
    return this.stats();
  }

  dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const waiting of this.#line.splice(0)) waiting.turnAway(new NoEndpointError("the pool is disposed of"));
    this.#rest();
    return Promise.resolve();
  }

  /**
   * Waits for an endpoint with room.
   *
   * @throws The signal's reason, and {NoEndpointError}.
   */
  async take(request: Pick<Waiting, "place" | "replies" | "avoid">, signal?: AbortSignal): Promise<Member> {
    signal?.throwIfAborted();
    if (this.#isDisposed) throw new NoEndpointError("the pool is disposed of");
    const { promise, resolve, reject } = Promise.withResolvers<Member>();
    const waiting = { ...request, since: this.settings.clock.now(), take: resolve, turnAway: reject };
    const after = this.#line.findIndex(({ place }) => place > waiting.place);
    this.#line.splice(after < 0 ? this.#line.length : after, 0, waiting);
    const onAbort = () => {
      const at = this.#line.indexOf(waiting);
      // It may have been served in the same moment: then the caller sees the signal.
      if (at < 0) return;
      this.#line.splice(at, 1);
      reject(signal!.reason);
      this.#serve();
    };
    signal?.addEventListener("abort", onAbort);
    this.#serve();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Gives back what `take` gave. */
  giveBack(member: Member, replies: number): void {
    member.open -= replies;
    this.#open -= replies;
    this.#changed();
  }

  /** Gives endpoints to those who wait, as far as there is room. */
  #serve(): void {
    // Kept for those before in the line.
    const kept = new Set<Member>();
    const up = this.members.filter(({ state }) => state === "up");
    for (const waiting of [...this.#line]) {
      const { replies, avoid } = waiting;
      if (this.#open > 0 && this.#open + replies > this.settings.maxConcurrency) break;
      const others = up.filter((member) => !avoid.has(member));
      const wanted = others.length > 0 ? others : up;
      const free = wanted.filter((member) => !kept.has(member) && member.hasRoom(replies));
      if (free.length === 0) {
        wanted.forEach((member) => kept.add(member));
        continue;
      }
      const member = free.reduce((best, one) => isLessBusy(one, best) ? one : best);
      member.open += replies;
      member.lastUsed = ++this.#uses;
      this.#open += replies;
      this.#line.splice(this.#line.indexOf(waiting), 1);
      waiting.take(member);
    }
    this.#rest();
  }

  /** An endpoint is not what it was, or has less to do. */
  #changed(): void {
    const { clock, patienceMs } = this.settings;
    if (this.members.some(({ isWell }) => isWell)) this.#noneSince = null;
    else {
      const since = this.#noneSince ??= clock.now();
      // What is under way at a busy one may yet be answered.
      const isHopeless = this.members.every(({ isOut, open }) => isOut || open === 0);
      for (const waiting of isHopeless ? [...this.#line] : []) {
        if (clock.now() - Math.max(since, waiting.since) < patienceMs) continue;
        this.#line.splice(this.#line.indexOf(waiting), 1);
        waiting.turnAway(this.#noEndpoint());
      }
    }
    this.#serve();
  }

  #noEndpoint(): NoEndpointError {
    const told = this.members.map(({ url, trouble }) => `${url}: ${trouble}`).join("; ");
    return new NoEndpointError(
      `no endpoint was well for ${
        this.settings.patienceMs / 1000
      } s. Are they running, and are the addresses right? ${told}`,
    );
  }

  /** Endpoints are looked after while there is anything to do, and not beyond. */
  #rest(): void {
    this.#callOff?.();
    this.#callOff = null;
    if (this.#isDisposed || (this.#open === 0 && this.#line.length === 0 && this.#checks === 0)) {
      this.members.forEach((member) => member.rest());
      return;
    }
    this.members.forEach((member) => member.watch());
    const pauses = this.members.map(({ pause }) => pause).filter((pause) => pause > 0);
    if (this.#line.length === 0 || pauses.length === 0) return;
    this.#callOff = this.settings.clock.after(Math.min(...pauses), () => {
      this.#callOff = null;
      this.#serve();
    });
  }
}

/** Whether one has less to do than the other, for what it can do; of two with the same, the one that has waited longer. */
function isLessBusy(one: Member, other: Member): boolean {
  const difference = one.open / one.maxConcurrency - other.open / other.maxConcurrency;
  return difference < 0 || (difference === 0 && one.lastUsed < other.lastUsed);
}
