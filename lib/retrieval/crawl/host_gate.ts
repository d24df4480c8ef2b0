/** Politeness: one request at a time to a host, and a pause between two. */

interface Host {
  /** Settles when the request before is done. */
  turn: Promise<void>;
  /** Milliseconds since 1970 from which the host may be asked again. */
  freeAt: number;
}

/** Lets requests to each host through one by one. */
export class HostGate {
  readonly #hosts = new Map<string, Host>();

  /**
   * Does a request when the host's turn has come.
   *
   * @param host such as `example.org:443`
   * @param pause milliseconds after the request in which the host is left alone
   * @throws the signal's reason, when it fires while waiting
   */
  async pass<T>(host: string, pause: () => number, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    const state = this.#of(host);
    const before = state.turn;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    state.turn = promise;
    try {
      await before;
      for (let left = state.freeAt - Date.now(); left > 0; left = state.freeAt - Date.now()) await sleep(left, signal);
      signal.throwIfAborted();
      return await request();
    } finally {
      state.freeAt = Math.max(state.freeAt, Date.now() + pause());
      done();
    }
  }

  /** Leaves a host alone for so many milliseconds from now: it asked for that. */
  rest(host: string, milliseconds: number): void {
    const state = this.#of(host);
    state.freeAt = Math.max(state.freeAt, Date.now() + milliseconds);
  }

  #of(host: string): Host {
    let state = this.#hosts.get(host);
    if (state === undefined) this.#hosts.set(host, state = { turn: Promise.resolve(), freeAt: 0 });
    return state;
  }
}

/** Waits; the signal ends the wait with its reason. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
    function finish() {
      signal.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal.reason);
    }
  });
}
