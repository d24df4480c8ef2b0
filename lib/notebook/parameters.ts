/**
 * The parameters of a notebook: constants in one cell, which the command line can replace.
 *
 * The cell is tagged `parameters` in its metadata and calls `parameters` once:
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { parameters } from "../lib/notebook/mod.ts";
 *
 * const options = parameters(
 *   z.object({
 *     model: z.string().describe("a model folder or hub id"),
 *     steps: z.number().int().positive(),
 *     learningRate: z.number().positive(),
 *   }),
 *   {
 *     full: { model: "../data/models/kiln-tiny", steps: 150, learningRate: 1e-3 },
 *     smoke: { steps: 3 },
 *   },
 * );
 * ```
 *
 * `full` is used unless a size is asked for; another size gives only what differs from `full`.
 * `deno task notebook 01 --size smoke --steps 5 --set learningRate=0.01` runs it with other values.
 */

import { z } from "zod";
import { readOverrides } from "./overrides.ts";
import { tableText } from "./table.ts";
import { editDistance } from "../spelling/mod.ts";

/** Values for each size of run: all of them for `full`, what differs for `smoke` and any others. */
export type ParameterSizes<Schema extends z.ZodObject> = { full: z.input<Schema> } & {
  [size: string]: Partial<z.input<Schema>>;
};

/** Parameters that are not as the notebook declares them. */
export class ParametersError extends Error {
  override name = "ParametersError";
}

/**
 * The notebook's parameters: the values for the size of this run, with those from the command line in their place, checked.
 * Prints them as a table.
 *
 * Values from the command line are text; where the schema does not take text they are read as JSON: `3`, `true`, `[1, 2]`, `null`.
 *
 * @param schema what each parameter may be; its keys are the names for the command line
 * @param sizes the values; `full` is the default
 * @throws ParametersError naming each wrong key, what was expected, and the keys there are
 */
export function parameters<Schema extends z.ZodObject>(
  schema: Schema,
  sizes: ParameterSizes<Schema>,
): z.output<Schema> {
  const { size = "full", set } = readOverrides();
  if (!Object.hasOwn(sizes, size)) {
    throw new ParametersError(`no size "${size}" in this notebook; it has: ${Object.keys(sizes).join(", ")}`);
  }
  const shape: Record<string, z.ZodType> = schema.shape;
  const given = Object.entries(set).map(([key, value]) => [key, fitText(shape[key], value)]);
  const values: Record<string, unknown> = { ...sizes.full, ...sizes[size], ...Object.fromEntries(given) };

  const problems = Object.keys(values).filter((key) => !Object.hasOwn(shape, key)).map((key) => {
    const similar = closest(key, Object.keys(shape));
    return `- ${key}: there is no such parameter${similar === undefined ? "" : `; did you mean ${similar}?`}`;
  });
  const parsed = schema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0] ?? "");
    if (issue.code !== "unrecognized_keys") {
      problems.push(`- ${issue.path.join(".")}: ${issue.message}, got ${show(values[key])} ${origin(key)}`);
    }
  }
  if (!parsed.success || problems.length > 0) {
    const allowed = Object.keys(shape).map((key) => describe(key, shape[key])).join("\n");
    throw new ParametersError(`wrong parameters:\n${problems.join("\n")}\nthis notebook takes:\n${allowed}`);
  }

  const result: Record<string, unknown> = parsed.data;
  const rows = Object.entries(result).map(([parameter, value]) => ({
    parameter,
    value: show(value),
    from: from(parameter),
  }));
  console.log(tableText(rows));
  return parsed.data;

  function from(key: string): string {
    if (Object.hasOwn(set, key)) return "command line";
    if (size !== "full" && Object.hasOwn(sizes[size], key)) return size;
    return Object.hasOwn(sizes.full, key) ? "" : "default";
  }

  function origin(key: string): string {
    return Object.hasOwn(set, key) ? "from the command line" : "in the parameters cell";
  }
}

/** A value for the field: text as it is where the field takes text, else what the text says as JSON. */
function fitText(field: z.ZodType | undefined, value: unknown): unknown {
  if (field === undefined || typeof value !== "string") return value;
  const candidates: unknown[] = [value];
  try {
    const json: unknown = JSON.parse(value);
    // For a field that takes text or null, "null" is more likely to mean null.
    if (json === null) candidates.unshift(json);
    else candidates.push(json);
  } catch {
    // Not JSON, so it is only text.
  }
  const fitting = candidates.findIndex((candidate) => field.safeParse(candidate).success);
  // None fits: the JSON value gives the better message ("too small" rather than "expected number").
  return candidates.at(fitting);
}

function describe(key: string, field: z.ZodType): string {
  const about = field.description === undefined ? "" : ` (${field.description})`;
  return `  ${key}${about}`;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}

/** The name that needs the fewest changed letters, if that is few. */
function closest(name: string, names: readonly string[]): string | undefined {
  const scored = names.map((other) => ({ other, distance: editDistance(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return scored.length > 0 && scored[0].distance <= Math.max(2, name.length / 3) ? scored[0].other : undefined;
}
