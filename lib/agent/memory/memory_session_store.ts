/** Sessions that end with the process. */
import type { Session } from "./session.ts";
import {
  checkLimit,
  checkRetention,
  expiry,
  readSession,
  SessionDeletedError,
  type SessionListing,
  type SessionStore,
  type SessionStoreOptions,
  sessionText,
} from "./session_store.ts";

/** Keeps sessions in memory: for tests, and for conversations that shall leave nothing behind. */
export function memorySessionStore(options: SessionStoreOptions = {}): SessionStore {
  checkRetention(options.retentionDays);
  const texts = new Map<string, { text: string; listing: SessionListing }>();
  const deleted = new Set<string>();
  const remove = (ids: readonly string[]) => {
    for (const id of ids) {
      texts.delete(id);
      deleted.add(id);
    }
    return ids.length;
  };
  const load = (id: string): Session | null => {
    const held = texts.get(id);
    return held ? readSession(id, held.text, "memory") : null;
  };
  const save = (session: Session) => {
    const text = sessionText(session);
    const { id, title, createdAt, updatedAt, messages } = session;
    if (deleted.has(id)) throw new SessionDeletedError(id);
    texts.set(id, { text, listing: { id, title, createdAt, updatedAt, messages: messages.length } });
  };
  return {
    load,
    save,
    update(id, change) {
      const session = load(id);
      if (session === null) return null;
      const changed = { ...change(session), id };
      save(changed);
      return changed;
    },
    list({ limit = 50, after } = {}) {
      checkLimit(limit);
      const all = [...texts.values()].map(({ listing }) => ({ ...listing })).sort(newestFirst);
      return all.filter((one) => after === undefined || newestFirst(after, one) < 0).slice(0, limit);
    },
    count: () => texts.size,
    delete: (id) => texts.has(id) && remove([id]) === 1,
    deleteAll: () => remove([...texts.keys()]),
    deleteExpired() {
      const last = expiry(options);
      if (last === null) return 0;
      return remove(
        [...texts.values()].filter(({ listing }) => listing.updatedAt < last).map(({ listing }) => listing.id),
      );
    },
    close() {},
  };
}

type Placed = Pick<SessionListing, "id" | "updatedAt">;

function newestFirst(one: Placed, other: Placed): number {
  return compare(other.updatedAt, one.updatedAt) || compare(other.id, one.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
