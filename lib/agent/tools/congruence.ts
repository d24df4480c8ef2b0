/** The tool for linear congruences. */
import { z } from "zod";
import { congruenceSolutions } from "../../arithmetic/mod.ts";
import { HOUSE_TOOLS } from "../../data/mod.ts";
import { defineTool } from "./define_tool.ts";
import type { Tool } from "./tool.ts";

/** All solutions from 0 to m - 1 in ascending order. */
export interface CongruenceResult {
  /** The first 100 at most; none where there is none. */
  solutions: number[];
  /** Of all, where some are left out: each is `step` above the one before. */
  count?: number;
  step?: number;
}

const MAX_SOLUTIONS = 100n;

const { name, description } = HOUSE_TOOLS.congruence.function;

/** Solves a*x = b modulo m: all solutions, which are as many as the gcd of a and m where that divides b. */
export const congruenceTool: Tool<{ a: number; b: number; m: number }, CongruenceResult> = defineTool({
  name,
  description: description!,
  input: z.strictObject({
    a: z.int(),
    b: z.int(),
    // As a refinement the bound is no part of the signature, which a small model reads in every chat.
    m: z.int().refine((m) => m > 0, "must be above 0"),
  }),
  run({ a, b, m }) {
    const found = congruenceSolutions(BigInt(a), BigInt(b), BigInt(m));
    if (found === null) return { solutions: [] };
    const { first, step, count } = found;
    const shown = Number(count < MAX_SOLUTIONS ? count : MAX_SOLUTIONS);
    const solutions = Array.from({ length: shown }, (_, at) => Number(first + BigInt(at) * step));
    return count > MAX_SOLUTIONS ? { solutions, count: Number(count), step: Number(step) } : { solutions };
  },
});
