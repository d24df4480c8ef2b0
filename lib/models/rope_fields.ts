/** How config.json describes rotary positions: two spellings, and the kinds of scaling that Kiln computes. */
import { z } from "zod";
import type { RotaryScaling } from "../kernels/mod.ts";

/** Rotary parameters; `type` is an older spelling of `rope_type`. */
const parameters = z.looseObject({
  rope_theta: z.number().positive().nullish(),
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  factor: z.number().nullish(),
  low_freq_factor: z.number().nullish(),
  high_freq_factor: z.number().nullish(),
  original_max_position_embeddings: z.number().nullish(),
  partial_rotary_factor: z.number().nullish(),
});
type Parameters = z.infer<typeof parameters>;

/**
 * The fields of config.json: transformers 5 has all in `rope_parameters`, 4 has `rope_theta` and, where positions are
 * scaled, `rope_scaling`.
 */
export const ropeFields = {
  rope_theta: z.number().positive().nullish(),
  rope_parameters: parameters.nullish(),
  rope_scaling: parameters.nullish(),
  partial_rotary_factor: z.number().nullish(),
  original_max_position_embeddings: z.number().nullish(),
};
type RopeFields = z.infer<z.ZodObject<typeof ropeFields>>;

/** Kinds of scaling besides the supported ones, for messages. */
const EXPECTED = '"default", "linear" or "llama3"; scaling may be removed from the file where texts stay within the ' +
  "unscaled length";

/**
 * Reads theta and scaling, with transformers' precedence: `rope_scaling` before `rope_parameters`, theta inside them before
 * theta beside them.
 *
 * @param fail Throws an error that names the file.
 */
export function readRope(
  fields: RopeFields & { max_position_embeddings: number },
  fail: (problem: string) => never,
): { ropeTheta: number; ropeScaling?: RotaryScaling } {
  const isGiven = (given: Parameters | null | undefined) => given != null && Object.keys(given).length > 0;
  const name = isGiven(fields.rope_scaling) ? "rope_scaling" : "rope_parameters";
  const rope = fields[name] ?? {};
  for (const [key, value] of Object.entries(rope)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    fail(`${name}.${key.slice(0, 60)}: parameters by layer type are not supported; expected one rope_theta for all`);
  }
  const partial = rope.partial_rotary_factor ?? fields.partial_rotary_factor ?? 1;
  if (partial !== 1) fail(`partial_rotary_factor ${partial} is not supported; expected 1`);
  const ropeTheta = rope.rope_theta ?? fields.rope_theta ?? 10000;
  const type = rope.rope_type ?? rope.type ?? "default";
  const original = fields.original_max_position_embeddings ?? rope.original_max_position_embeddings ??
    fields.max_position_embeddings;

  const positive = (key: "factor" | "low_freq_factor" | "high_freq_factor") => {
    const value = rope[key];
    if (value == null || !(value > 0)) fail(`${name}.${key} ${value}: type "${type}" needs a number above 0`);
    return value as number;
  };
  switch (type) {
    case "default":
      if (rope.factor != null && rope.factor !== 1) {
        fail(`${name}.factor ${rope.factor} has no meaning without a rope_type; expected ${EXPECTED}`);
      }
      return { ropeTheta };
    case "linear":
      return { ropeTheta, ropeScaling: { type, factor: positive("factor") } };
    case "llama3": {
      const [factor, low, high] = [positive("factor"), positive("low_freq_factor"), positive("high_freq_factor")];
      if (low >= high) fail(`${name}.low_freq_factor ${low}: expected less than high_freq_factor ${high}`);
      if (!Number.isInteger(original) || original < 1) {
        fail(`${name}.original_max_position_embeddings ${original}: expected a positive integer`);
      }
      return {
        ropeTheta,
        ropeScaling: {
          type,
          factor,
          lowFrequencyFactor: low,
          highFrequencyFactor: high,
          originalMaxPositions: original,
        },
      };
    }
    default:
      return fail(`${name} of type "${type.slice(0, 60)}" is not supported; expected ${EXPECTED}`);
  }
}

/** The fields of a config.json, in the spelling that transformers 4 and 5 both read. */
export function ropeJson(theta: number, scaling?: RotaryScaling): Record<string, unknown> {
  return { rope_theta: theta, rope_scaling: scaling ? scalingJson(scaling) : null };
}

function scalingJson(scaling: RotaryScaling): Record<string, unknown> {
  if (scaling.type === "linear") return { factor: scaling.factor, rope_type: scaling.type };
  return {
    factor: scaling.factor,
    high_freq_factor: scaling.highFrequencyFactor,
    low_freq_factor: scaling.lowFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxPositions,
    rope_type: scaling.type,
  };
}
