/**
 * Sessions in one SQLite file, which survives that the process is killed in the midst of writing. Several processes may use it at once. The
 * file is readable by its owner alone.
 */
import { dirname, resolve } from "node:path";
import type { Session } from "./session.ts";
import {
  checkLimit,
  checkRetention,
  expiry,
  readSession,
  type SaveOptions,
  SessionDeletedError,
  type SessionListing,
  type SessionStore,
  SessionStoreError,
  type SessionStoreOptions,
  sessionText,
} from "./session_store.ts";
import { type Database, openSqlite, type SqlValue, type Statement } from "./sqlite.ts";

/** Says that a file is ours: "kiln" in ASCII. */
const APPLICATION_ID = 0x6b696c6e;
/** Of the tables below. A session has a version of its own. */
const TABLES_VERSION = 1;
/** Milliseconds that a write waits for those of other processes. */
const BUSY_TIMEOUT = 10_000;

const TABLES = `
  create table sessions (
    id text primary key,
    title text not null,
    created_at text not null,
    updated_at text not null,
    messages integer not null,
    session text not null
  ) strict;
  create index sessions_by_time on sessions (updated_at desc, id desc);
  -- Ids alone: what a deleted session said is nowhere.
  create table deleted_sessions (id text primary key, deleted_at text not null) strict;
`;

/**
 * Opens a file of sessions, or makes it with the folders that it stands in.
 *
 * A saved session is on the disk when `save` returns (write-ahead log, synchronous full). What is deleted is overwritten with
 * zeros and leaves the log too, at once or, while another process is reading, with the next deletion.
 *
 * @param path The file, not on a network drive.
 * @throws {SessionStoreError} When it cannot be opened, is no file of ours, or is of a later version, naming it.
 */
export function sqliteSessionStore(path: string, options: SessionStoreOptions = {}): SessionStore {
  checkRetention(options.retentionDays);
  const file = resolve(path);
  const store = new SqliteSessionStore(openDatabase(file), file, options);
  store.deleteExpired();
  return store;
}

function openDatabase(file: string): Database {
  let database: Database | undefined;
  try {
    Deno.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its log the same rights.
    Deno.openSync(file, { create: true, write: true, mode: 0o600 }).close();
    database = openSqlite(file, { timeout: BUSY_TIMEOUT });
    retryWhenBusy(() => prepareDatabase(database!, file));
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof SessionStoreError) throw error;
    throw new SessionStoreError(
      `${file}: it cannot be opened as a file of sessions: ${
        (error as Error).message
      }; is it one, and may it be written?`,
      { cause: error },
    );
  }
}

function prepareDatabase(database: Database, file: string): void {
  const number = (pragma: string) => Number(Object.values(database.prepare(`pragma ${pragma}`).all()[0])[0]);
  database.exec("pragma secure_delete = on; pragma synchronous = full; pragma foreign_keys = on");
  const isEmpty = () => number("schema_version") === 0;
  if (!isEmpty() && number("application_id") !== APPLICATION_ID) {
    throw new SessionStoreError(`${file}: it is a database of something else: give another file`);
  }
  database.exec("pragma journal_mode = wal");
  inTransaction(database, () => {
    // Another process may have made them just now.
    if (isEmpty()) {
      database.exec(`${TABLES} pragma application_id = ${APPLICATION_ID}; pragma user_version = ${TABLES_VERSION}`);
    }
  });
  const version = number("user_version");
  if (version !== TABLES_VERSION) {
    throw new SessionStoreError(
      `${file}: its tables have version ${version}, and this Kiln knows version ${TABLES_VERSION}: take a newer Kiln`,
    );
  }
}

/** Switching to the write-ahead log does not wait for other processes that do the same. */
function retryWhenBusy(run: () => void): void {
  const until = Date.now() + BUSY_TIMEOUT;
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!/locked|busy/i.test((error as Error).message) || Date.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function inTransaction<Result>(database: Database, run: () => Result): Result {
  database.exec("begin immediate");
  try {
    const result = run();
    database.exec("commit");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("rollback");
    throw error;
  }
}

const LISTED = "id, title, created_at as createdAt, updated_at as updatedAt, messages";

class SqliteSessionStore implements SessionStore {
  #statements = new Map<string, Statement>();

  constructor(
    private readonly database: Database,
    private readonly file: string,
    private readonly options: SessionStoreOptions,
  ) {}

  load(id: string): Session | null {
    const row = this.#all("select session from sessions where id = ?", id)[0];
    return row === undefined ? null : readSession(id, String(row.session), this.file);
  }

  save(session: Session, { erases = false }: SaveOptions = {}): void {
    const text = sessionText(session);
    this.#inTransaction(() => this.#write(session, text));
    if (erases) this.#emptyLog();
  }

  update(id: string, change: (session: Session) => Session, { erases = false }: SaveOptions = {}): Session | null {
    const changed = this.#inTransaction(() => {
      const session = this.load(id);
      if (session === null) return null;
      const changed = { ...change(session), id };
      this.#write(changed, sessionText(changed));
      return changed;
    });
    if (erases && changed !== null) this.#emptyLog();
    return changed;
  }

  list({ limit = 50, after }: Parameters<SessionStore["list"]>[0] = {}): SessionListing[] {
    checkLimit(limit);
    const order = "order by updated_at desc, id desc limit ?";
    const rows = after === undefined ? this.#all(`select ${LISTED} from sessions ${order}`, limit) : this.#all(
      `select ${LISTED} from sessions where (updated_at, id) < (?, ?) ${order}`,
      after.updatedAt,
      after.id,
      limit,
    );
    return rows.map((row) => ({ ...row }) as unknown as SessionListing);
  }

  count(): number {
    return Number(this.#all("select count(*) as count from sessions")[0].count);
  }

  delete(id: string): boolean {
    return this.#delete("id = ?", id) > 0;
  }

  deleteAll(): number {
    return this.#delete("true");
  }

  deleteExpired(): number {
    const last = expiry(this.options);
    return last === null ? 0 : this.#delete("updated_at < ?", last);
  }

  close(): void {
    if (!this.database.isOpen) return;
    this.#statements.clear();
    this.database.close();
  }

  #write({ id, title, createdAt, updatedAt, messages }: Session, text: string): void {
    if (this.#all("select id from deleted_sessions where id = ?", id).length > 0) throw new SessionDeletedError(id);
    this.#run(
      `insert into sessions (id, title, created_at, updated_at, messages, session) values (?, ?, ?, ?, ?, ?)
        on conflict (id) do update set title = excluded.title, created_at = excluded.created_at,
          updated_at = excluded.updated_at, messages = excluded.messages, session = excluded.session`,
      id,
      title,
      createdAt,
      updatedAt,
      messages.length,
      text,
    );
  }

  #delete(where: string, ...values: SqlValue[]): number {
    const now = (this.options.now?.() ?? new Date()).toISOString();
    const deleted = this.#inTransaction(() => {
      this.#run(`insert or ignore into deleted_sessions select id, ? from sessions where ${where}`, now, ...values);
      return this.#run(`delete from sessions where ${where}`, ...values);
    });
    if (deleted > 0) this.#emptyLog();
    return deleted;
  }

  /** Writes the log into the file and empties it: older forms of pages, with what is deleted, stand in it until then. */
  #emptyLog(): void {
    this.#all("pragma wal_checkpoint(truncate)");
  }

  /** Runs something of SQLite's; what it throws says only what, not where. */
  #named<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_SQLITE_ERROR") throw error;
      throw new SessionStoreError(`${this.file}: ${(error as Error).message}; is there room on the disk?`, {
        cause: error,
      });
    }
  }

  #inTransaction<Result>(run: () => Result): Result {
    return this.#named(() => inTransaction(this.database, run));
  }

  #all(sql: string, ...values: SqlValue[]): Record<string, unknown>[] {
    return this.#named(() => this.#statement(sql).all(...values));
  }

  #run(sql: string, ...values: SqlValue[]): number {
    return this.#named(() => Number(this.#statement(sql).run(...values).changes));
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.database.prepare(sql));
    return statement;
  }
}
