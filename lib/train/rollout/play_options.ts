/** How episodes are played. */
import type { AdapterWeights, CausalLM, Decoder, GenerateOptions } from "../../models/mod.ts";
import type { RandomSeed } from "../../random/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { checkPositiveInteger } from "../step.ts";
import type { TurnSource } from "./turn_source.ts";

/** Who plays, how turns are drawn (names as in `generate`), and what an episode may cost. */
export interface PlayOptions<Task = unknown> extends
  Pick<
    GenerateOptions,
    "topK" | "topP" | "minP" | "repetitionPenalty" | "stopTokenIds" | "stopStrings" | "maxBatchRows"
  > {
  model: CausalLM;
  tokenizer: Tokenizer;
  /** Its current factors are read. Default: none. */
  adapter?: AdapterWeights | null;
  /** Compiled programs, to be kept from round to round: see `policyDecoder`. Default: made for this call. */
  decoder?: Decoder;
  /**
   * Who writes the turns in the place of `model`, which then says what fits: see `endpointTurns`. `stopTokenIds` then end a turn besides
   * the model's own end tokens. Default: the model itself.
   */
  turns?: TurnSource;
  /** Episodes of each task. Default 1. */
  samples?: number;
  /**
   * One for all, or one for each of a task's samples; 0 is greedy. Samples of one temperature write together. PPO learns at one
   * temperature: episodes for it should all be drawn at that one. Default 1.
   */
  temperature?: number | readonly number[];
  /** Turns of an episode. Default 8. */
  maxTurns?: number;
  /** Tokens of a turn; a longer one is cut off. Default 256. */
  maxTurnTokens?: number;
  /**
   * Tokens of a context. A turn begins only where `maxTurnTokens` of room are left, so that all have the same. Default: the
   * positions of the model.
   */
  maxContextTokens?: number;
  /** How often one turn may be thrown away and written anew. Default 2. */
  maxRegenerations?: number;
  /** Different for each round of a run. Default 42. */
  seed?: RandomSeed;
  /**
   * What stands for a task in the seeds of its draws, so that it is played the same whichever tasks are played with it, such as
   * its id. Default: its index.
   */
  taskSeed?: (task: Task, index: number) => RandomSeed;
  /**
   * Keys and values that are kept from turn to turn, in bytes, so that a turn reads only what is new in its context; 0: none.
   * (A token of Qwen2.5-0.5B has 24 KB.) Default 256 MB.
   */
  prefixCacheBytes?: number;
  /** Other variables of the chat template, such as `{ enable_thinking: false }`. */
  templateVariables?: Record<string, unknown>;
  signal?: AbortSignal;
  /** Called when turns or episodes end, and once at the beginning. */
  onProgress?: (progress: EpisodesProgress) => void;
}

/** How far the episodes are. */
export interface EpisodesProgress {
  /** Episodes that are over. */
  finished: number;
  /** Episodes in all. */
  total: number;
  /** Turns written, those thrown away included. */
  turns: number;
  /** Tokens drawn. */
  tokens: number;
}

/** The options that decide what is played, with their defaults filled in. */
export interface PlaySettings {
  samples: number;
  /** One for each sample. */
  temperatures: readonly number[];
  maxTurns: number;
  maxTurnTokens: number;
  maxContextTokens: number;
  maxRegenerations: number;
  stopStrings: readonly string[];
  seed: RandomSeed;
}

/**
 * Checks options against the model and fills in the defaults; those of drawing are `generate`'s own to check.
 *
 * @throws {RangeError} naming the option
 */
export function resolvePlayOptions<Task>(options: PlayOptions<Task>): PlaySettings {
  const { model: { config }, samples = 1, temperature = 1, maxTurns = 8, maxTurnTokens = 256 } = options;
  const { maxContextTokens = config.maxPositions, maxRegenerations = 2, stopStrings = [], seed = 42 } = options;
  checkPositiveInteger({ samples, maxTurns, maxTurnTokens, maxContextTokens });
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new RangeError(`${name}: expected ${expected}, got ${got}`);
  };
  if (maxContextTokens > config.maxPositions) {
    fail("maxContextTokens", `at most ${config.maxPositions}, the positions of the model`, maxContextTokens);
  }
  if (maxTurnTokens >= maxContextTokens) {
    fail(
      "maxTurnTokens",
      `fewer than maxContextTokens, ${maxContextTokens}, since a turn follows a prompt`,
      maxTurnTokens,
    );
  }
  if (!Number.isInteger(maxRegenerations) || maxRegenerations < 0) {
    fail("maxRegenerations", "a whole number from 0", maxRegenerations);
  }
  const temperatures = typeof temperature === "number" ? Array<number>(samples).fill(temperature) : temperature;
  if (temperatures.length !== samples) {
    fail("temperature", `a number, or one for each of ${samples} samples`, `${temperatures.length} of them`);
  }
  for (const value of temperatures) {
    if (!(value >= 0 && value < Infinity)) fail("temperature", "0 (greedy) or a positive number", value);
  }
  return { samples, temperatures, maxTurns, maxTurnTokens, maxContextTokens, maxRegenerations, stopStrings, seed };
}
