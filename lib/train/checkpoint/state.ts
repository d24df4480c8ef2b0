/** What a checkpoint remembers besides tensors: `trainer_state.json`. */
import { z } from "zod";

/** Raised when the files' meaning changes, so that an older checkpoint is refused instead of misread. */
const FORMAT = 1;

const word = z.number().int().nonnegative();
const words = z.tuple([word, word, word, word]);

const stateSchema = z.object({
  format: z.number(),
  trainer: z.string(),
  step: z.number().int().nonnegative(),
  totalSteps: z.number().int().positive(),
  epoch: z.number(),
  numTokens: z.number(),
  stoppedEarly: z.boolean(),
  best: z.object({ step: z.number(), metric: z.string(), value: z.number() }).nullable(),
  evaluationsWithoutGain: z.number().int().nonnegative(),
  evaluationData: z.string().nullable(),
  optimizerSteps: z.number().int().nonnegative(),
  random: z.object({
    algorithm: z.literal("xoshiro128**"),
    origin: words,
    words,
    spareNormal: z.number().nullable(),
  }),
  firstLoss: z.number().nullable().default(null),
  keptLayers: z.number().int().nonnegative().nullable(),
  fingerprint: z.record(z.string(), z.unknown()),
});

/** The state of a run between two steps. The position in the data follows from the step and the seed. */
export interface TrainerState extends Omit<z.infer<typeof stateSchema>, "format"> {
  /** Which trainer wrote it: `sft`, `grpo` ... */
  trainer: string;
  /** Optimizer steps done. */
  step: number;
  /** Real tokens seen. */
  numTokens: number;
  /** The best evaluation so far, by the metric that decides. */
  best: { step: number; metric: string; value: number } | null;
  /** A digest of what was evaluated on: evaluations on other data do not compare. */
  evaluationData: string | null;
  /** The loss before the first update, which says from where on it has exploded. Null where it was not written down. */
  firstLoss: number | null;
  /** Layers whose residuals are kept: another number would round differently. Null where the trainer has no choice. */
  keptLayers: number | null;
  /** What the curve depends on, by name; see `compareFingerprints`. */
  fingerprint: Record<string, unknown>;
}

export const STATE_FILE = "trainer_state.json";

/** The text of the file. */
export function stateText(state: TrainerState): string {
  return JSON.stringify({ format: FORMAT, ...state }, null, 2) + "\n";
}

/** Reads a checkpoint's state. Throws, naming file and field, when it is not one that this version writes. */
export async function readState(folder: string): Promise<TrainerState> {
  const path = `${folder}/${STATE_FILE}`;
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); expected a checkpoint of Kiln`);
  }
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: field "${issue.path.join(".")}": ${issue.message}`);
  }
  const { format, ...state } = parsed.data;
  if (format !== FORMAT) {
    throw new Error(
      `${path}: format ${format}, but this version reads ${FORMAT}: resume with the version that wrote it`,
    );
  }
  return state;
}
