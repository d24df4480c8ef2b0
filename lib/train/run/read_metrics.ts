import { z } from "zod";
import { readJsonl } from "../../files/mod.ts";

/** File of a run's metrics, a row a step. */
export const METRICS_FILE = "metrics.jsonl";

/** A step's number and its metrics, in the form that `lib/plot` draws. */
export type MetricsRow = { step: number } & Record<string, number>;

// JSON has no NaN and no infinities: they were written as null.
const metricsRow = z.object({ step: z.number().int().nonnegative() })
  .catchall(z.number().nullable().transform((value) => value ?? NaN));

/**
 * Reads the metrics of a run, while it goes on or later. A last line that a crash cut off is left out; a number that was
 * not finite is NaN.
 *
 * @param path The run's folder.
 * @returns The rows in the order of the file; none when nothing was logged yet.
 * @throws {JsonlError} naming file and line when a row is not a step's metrics
 * @throws {Deno.errors.NotFound} when there is no folder at `path`
 */
export async function readMetrics(path: string): Promise<MetricsRow[]> {
  try {
    return (await readJsonl<MetricsRow>(`${path}/${METRICS_FILE}`, metricsRow)).rows;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    try {
      await Deno.stat(path);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      const message = `${path}: there is no such folder; expected that of a run, such as outputs/NAME-001`;
      throw new Deno.errors.NotFound(message, { cause });
    }
    return [];
  }
}
