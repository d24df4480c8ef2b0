/** Where sessions are kept. */
import { type Session, SESSION_VERSION, sessionSchema } from "./session.ts";

/** A session in a list. */
export interface SessionListing {
  id: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  /** How many messages it has. */
  messages: number;
}

/** Which sessions of a list. */
export interface ListOptions {
  /** Sessions at most. Default 50. */
  limit?: number;
  /** The last session of the page before. Default: from the newest. */
  after?: Pick<SessionListing, "id" | "updatedAt">;
}

/** How a session is written. */
export interface SaveOptions {
  /** Whether something is deleted by it that must be in the store's files no more. Takes some milliseconds longer. Default false. */
  erases?: boolean;
}

/**
 * Keeps sessions. Everything happens before a call returns. Sessions that are given and taken are the caller's: to change one
 * changes nothing in the store.
 */
export interface SessionStore {
  /**
   * Null where there is none.
   *
   * @throws {SessionStoreError} When it is damaged or of a later version, naming it.
   */
  load(id: string): Session | null;
  /**
   * Writes a session, new or in place of the one with its id. Two that write the same session: the later wins; `update` lets
   * none be lost.
   *
   * @throws {SessionDeletedError} When it was deleted: an answer that is still being written must not bring it back.
   * @throws {z.ZodError} When it has another form.
   */
  save(session: Session, options?: SaveOptions): void;
  /**
   * Reads, changes and writes a session while nobody else can write. Null where there is none.
   *
   * @param change Throws to leave the session as it is; must not wait for anything.
   */
  update(id: string, change: (session: Session) => Session, options?: SaveOptions): Session | null;
  /** The newest first, by their last change. */
  list(options?: ListOptions): SessionListing[];
  count(): number;
  /** Deletes a session for good; false where there is none. */
  delete(id: string): boolean;
  /** Deletes all; returns how many. */
  deleteAll(): number;
  /** Deletes sessions that nobody has changed for as many days as the store keeps them; returns how many. Happens on opening too. */
  deleteExpired(): number;
  close(): void;
}

/** Options of every store. */
export interface SessionStoreOptions {
  /** Sessions that nobody has changed for so many days are deleted. Default: kept until they are deleted. */
  retentionDays?: number;
  /** The clock. Default: the system's. */
  now?: () => Date;
}

/** The store cannot be read or written. The message names the file or the session, and says what to do. */
export class SessionStoreError extends Error {
  override name = "SessionStoreError";
}

/** The session was deleted and is not written again. */
export class SessionDeletedError extends Error {
  override name = "SessionDeletedError";

  constructor(readonly id: string) {
    super(`session ${id}: it was deleted; begin another one`);
  }
}

/** How a session is stored. */
export function sessionText(session: Session): string {
  return JSON.stringify(sessionSchema.parse(session));
}

/**
 * Reads a stored session.
 *
 * @throws {SessionStoreError} When it is damaged or of a later version, naming it.
 */
export function readSession(id: string, text: string, place: string): Session {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw new SessionStoreError(`${place}, session ${id}: it is no JSON: ${(error as Error).message}; delete it`);
  }
  const version = (stored as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > SESSION_VERSION) {
    throw new SessionStoreError(
      `${place}, session ${id}: it has version ${version}, and this Kiln knows up to ${SESSION_VERSION}: take a newer Kiln`,
    );
  }
  const read = sessionSchema.safeParse(stored);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0];
  throw new SessionStoreError(`${place}, session ${id}: ${path.join(".") || "the whole"}: ${message}; delete it`);
}

/** @throws {RangeError} When sessions cannot be kept for so long. */
export function checkRetention(retentionDays: number | undefined): void {
  if (retentionDays !== undefined && !(retentionDays > 0 && retentionDays <= 36_500)) {
    throw new RangeError(`retentionDays: expected a number above 0 and at most 36,500, got ${retentionDays}`);
  }
}

/** The last moment at which a session that is not kept any more was changed; null where all are kept. */
export function expiry({ retentionDays, now = () => new Date() }: SessionStoreOptions): string | null {
  if (retentionDays === undefined) return null;
  return new Date(now().getTime() - retentionDays * 86_400_000).toISOString();
}

/** @throws {RangeError} When `limit` makes no sense. */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`limit: expected a whole number above 0, got ${limit}`);
  }
}
