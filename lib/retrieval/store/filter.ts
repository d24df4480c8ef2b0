/** What passages a search may find, as data. */
import { z } from "zod";

/** What a column can be compared with. */
export type FilterValue = string | number | boolean;

/**
 * A condition on passages. Columns are `id`, `source`, `title`, `text`, `page`, `start`, `end`, `tokens`, `untrusted`, and the
 * keys of metadata that the table was given as `filterColumns`.
 *
 * There are two truths, not SQL's three: where a passage lacks the value, every comparison with it is false, so `ne` and
 * `not` of one are true. Text is compared exactly, upper and lower case apart, and ordered by code point.
 */
export type Filter =
  | { op: "eq" | "ne"; column: string; value: FilterValue }
  | { op: "lt" | "lte" | "gt" | "gte"; column: string; value: string | number }
  | { op: "in"; column: string; values: FilterValue[] }
  | { op: "startsWith" | "contains"; column: string; value: string }
  | { op: "isNull"; column: string }
  | { op: "and" | "or"; filters: Filter[] }
  | { op: "not"; filter: Filter };

/** How deep conditions may stand in each other: LanceDB's parser takes time that doubles with depth. */
export const MAX_FILTER_DEPTH = 8;
/** Comparisons in a filter: LanceDB works through them by recursion, and 1,000 end the whole process. */
export const MAX_COMPARISONS = 200;
/** Values of one `in`. */
export const MAX_IN_VALUES = 10_000;

const column = z.string();
const value = z.union([z.string(), z.number(), z.boolean()]);

/** Reads a filter that comes from outside, such as a tool call. Checks its shape; columns are checked by the table. */
export const filterSchema: z.ZodType<Filter> = z.discriminatedUnion("op", [
  z.strictObject({ op: z.enum(["eq", "ne"]), column, value }),
  z.strictObject({ op: z.enum(["lt", "lte", "gt", "gte"]), column, value: z.union([z.string(), z.number()]) }),
  z.strictObject({ op: z.literal("in"), column, values: z.array(value).max(MAX_IN_VALUES) }),
  z.strictObject({ op: z.enum(["startsWith", "contains"]), column, value: z.string() }),
  z.strictObject({ op: z.literal("isNull"), column }),
  z.strictObject({
    op: z.enum(["and", "or"]),
    get filters(): z.ZodType<Filter[]> {
      return z.array(filterSchema);
    },
  }),
  z.strictObject({
    op: z.literal("not"),
    get filter(): z.ZodType<Filter> {
      return filterSchema;
    },
  }),
]);

/**
 * Checks a filter's shape and size.
 *
 * @throws {TypeError} saying what is wrong, and where
 */
export function parseFilter(input: unknown): Filter {
  checkSize(input);
  const read = filterSchema.safeParse(input);
  if (read.success) return read.data;
  throw new TypeError(`filter: ${z.prettifyError(read.error).replaceAll(/\s*\n\s*/g, "; ")}`);
}

/** Comes before zod, which walks into the input by recursion. */
function checkSize(input: unknown): void {
  let level: unknown[] = [input];
  let comparisons = 0;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_FILTER_DEPTH) {
      throw new TypeError(`filter: conditions stand more than ${MAX_FILTER_DEPTH} deep in each other; expected fewer`);
    }
    const next: unknown[] = [];
    for (const each of level) {
      if (each === null || typeof each !== "object") continue;
      if ("filters" in each && Array.isArray(each.filters)) next.push(...each.filters.slice(0, MAX_COMPARISONS + 1));
      else if ("filter" in each) next.push(each.filter);
      else comparisons++;
    }
    if (comparisons + next.length > MAX_COMPARISONS) {
      throw new TypeError(
        `filter: more than ${MAX_COMPARISONS} comparisons; expected fewer, or one "in" with many values`,
      );
    }
    level = next;
  }
}
