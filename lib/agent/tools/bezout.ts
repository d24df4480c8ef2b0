/** The tool for greatest common divisors. */
import { z } from "zod";
import { bezoutIdentity } from "../../arithmetic/mod.ts";
import { HOUSE_TOOLS } from "../../data/mod.ts";
import { defineTool } from "./define_tool.ts";
import type { Tool } from "./tool.ts";

const { name, description } = HOUSE_TOOLS.bezout.function;

/** Finds x and y with a*x + b*y = gcd by the extended Euclidean algorithm: (12, 21) gives x = 2, y = -1 and the gcd 3. */
export const bezoutTool: Tool<{ a: number; b: number }, { x: number; y: number; gcd: number }> = defineTool({
  name,
  description: description!,
  input: z.strictObject({ a: z.int(), b: z.int() }),
  run({ a, b }) {
    // Big integers while it works; none of the three results is larger than the larger of the two numbers.
    const { x, y, gcd } = bezoutIdentity(BigInt(a), BigInt(b));
    return { x: Number(x), y: Number(y), gcd: Number(gcd) };
  },
});
