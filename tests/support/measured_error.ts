/**
 * Errors that tests measure while they judge them, for the table of correctness (`deno task correctness`). Without that task
 * nothing is recorded.
 */

const path = Deno.env.get("KILN_MEASURED_ERRORS");

/** What a test compared. */
export type ErrorKind =
  /** A gradient with central finite differences, in float64. */
  | "finite differences"
  /** An engine's float32 with the float64 reference. */
  | "reference"
  /** Numbers of PyTorch, transformers, PEFT or TRL, or two ways of computing one thing. */
  | "close";

/** One comparison. */
export interface MeasuredError {
  kind: ErrorKind;
  what: string;
  /** Norm of the difference over the norm of what is expected. */
  error: number;
}

/** Writes a comparison down where the task asks for it. */
export function recordError(kind: ErrorKind, what: string, error: number): void {
  if (path === undefined) return;
  Deno.writeTextFileSync(path, JSON.stringify({ kind, what, error } satisfies MeasuredError) + "\n", { append: true });
}
