/**
 * How the values of the command line reach the parameters cell: as JSON in an environment variable of the kernel.
 */

import { z } from "zod";

/** The environment variable that the runner sets and the parameters cell reads. */
export const PARAMETERS_VARIABLE = "KILN_PARAMETERS";

const Overrides = z.strictObject({
  size: z.string().optional(),
  set: z.record(z.string(), z.json()).default({}),
});

/** A size of run and values by parameter name. */
export type Overrides = z.output<typeof Overrides>;

/** The text for the environment variable. */
export function encodeOverrides(overrides: Overrides): string {
  return JSON.stringify(Overrides.parse(overrides));
}

/**
 * Reads the environment variable; nothing is overridden when it is not set.
 *
 * @throws TypeError when it holds something else than the runner writes
 */
export function readOverrides(text: string | undefined = Deno.env.get(PARAMETERS_VARIABLE)): Overrides {
  if (text === undefined || text === "") return { set: {} };
  const expected = `expected JSON such as {"size":"smoke","set":{"steps":3}}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new TypeError(`${PARAMETERS_VARIABLE} is not JSON; ${expected}`);
  }
  const parsed = Overrides.safeParse(json);
  if (!parsed.success) throw new TypeError(`${PARAMETERS_VARIABLE}: ${z.prettifyError(parsed.error)}; ${expected}`);
  return parsed.data;
}
