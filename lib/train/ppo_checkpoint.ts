/** What a checkpoint of PPO holds besides the policy: the critic, and where the run stands between two rounds. */
import { z } from "zod";
import type { FileSystem } from "../files/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { readState, restoreCheckpoint, saveCheckpoint, verifyManifest } from "./checkpoint/mod.ts";
import type { AdamW } from "./optimizer.ts";
import type { Episode } from "./ppo_episode.ts";
import { type PpoRound, roundSchema } from "./ppo_round.ts";
import type { TrainingSession } from "./session.ts";
import type { Critic } from "./value_head.ts";

/** Where a run of PPO stands. */
export interface PpoState<E extends Episode = Episode> {
  /** Of the next round. */
  klCoef: number;
  /** Episodes learned from so far. */
  episodes: number;
  /** The round whose updates are not all done. */
  round: PpoRound<E> | null;
}

const STATE_FILE = "ppo_state.json";

const stateSchema = z.object({ klCoef: z.number(), episodes: z.number(), round: roundSchema.nullable() });

/** The state as a file of a checkpoint. */
export function stateFiles(state: PpoState): Record<string, unknown> {
  return { [STATE_FILE]: state };
}

/** Reads the state. Throws, naming file and field, when it is not one. */
export async function readPpoState<E extends Episode>(checkpoint: string): Promise<PpoState<E>> {
  const path = `${checkpoint}/${STATE_FILE}`;
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new Error(`${path}: cannot be read (${(error as Error).message}); resume from another checkpoint`);
  }
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: field "${issue.path.join(".")}": ${issue.message}; resume from another checkpoint`);
  }
  return parsed.data as PpoState<E>;
}

/** The critic with its optimizer. */
export interface TrainedCritic {
  model: CausalLM;
  critic: Critic;
  optimizer: AdamW;
}

/** The critic's folder in a checkpoint, a whole checkpoint itself; PEFT keeps a second adapter in such a one. */
const FOLDER = "critic";

/** Writes the critic into a checkpoint that is being written. */
export async function saveCriticInto(
  checkpoint: string,
  { model, critic, optimizer }: TrainedCritic,
  session: Pick<TrainingSession, "step" | "totalSteps" | "tokensSeen" | "random" | "keptLayers">,
  baseModel: string,
  fileSystem?: FileSystem,
): Promise<void> {
  const { step, totalSteps, tokensSeen, random, keptLayers } = session;
  await saveCheckpoint(`${checkpoint}/${FOLDER}`, {
    ...{ model, adapter: critic, baseModel, optimizer, files: {} },
    state: {
      ...{ trainer: "ppo critic", step, totalSteps, epoch: 0, numTokens: tokensSeen, keptLayers },
      ...{ stoppedEarly: false, best: null, evaluationsWithoutGain: 0, evaluationData: null, firstLoss: null },
      optimizerSteps: optimizer.steps,
      random: random.save(),
      fingerprint: {},
    },
  }, { fileSystem });
}

/**
 * Takes the critic and its optimizer back to where a checkpoint left them.
 *
 * @throws When it is damaged or belongs to another critic; the message names file and tensor.
 */
export async function restoreCritic(checkpoint: string, { model, critic, optimizer }: TrainedCritic): Promise<void> {
  const folder = `${checkpoint}/${FOLDER}`;
  const problem = await verifyManifest(folder);
  if (problem !== null) throw new Error(`${folder}: ${problem}; resume from another checkpoint`);
  const { optimizerSteps } = await readState(folder);
  await restoreCheckpoint(folder, { model, adapter: critic, optimizer }, optimizerSteps);
}
