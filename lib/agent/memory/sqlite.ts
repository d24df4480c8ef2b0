/**
 * SQLite as the runtime brings it (`node:sqlite`, https://nodejs.org/api/sqlite.html). It is taken by its name at run time: where packages bring
 * older types of Node, the type checker does not know the module.
 */
import process from "node:process";

/** What a statement takes. */
export type SqlValue = string | number | null;

/** A prepared statement. */
export interface Statement {
  all(...values: SqlValue[]): Record<string, unknown>[];
  run(...values: SqlValue[]): { changes: number | bigint };
}

/** An open database. Everything happens before a call returns. */
export interface Database {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

interface Sqlite {
  DatabaseSync: new (path: string, options: { timeout: number }) => Database;
}

/**
 * Opens a database file, or makes an empty one.
 *
 * @param options.timeout Milliseconds that statements wait for other processes.
 */
export function openSqlite(path: string, options: { timeout: number }): Database {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as Sqlite;
  return new DatabaseSync(path, options);
}
