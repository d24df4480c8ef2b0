/** What became of an episode. */
import type { Play } from "./game.ts";

/** What the policy had before it, and what it wrote there. */
export interface EpisodeContext {
  /** In their order, exactly as the policy read and drew them. It ends with a turn's last token. */
  ids: readonly number[];
  /** For each id, whether the policy wrote it: prompts, documents and all other text between turns are false. */
  lossMask: readonly boolean[];
  /** The place in `ids` of each turn's last token. */
  turnEnds: readonly number[];
}

/**
 * Why an episode ended: by the game (`"ended"`); likewise, with its last turn cut off (`"truncated"`); it had its last turn
 * and the game would have gone on; there was no room for another turn; or something failed that is not the policy's fault.
 */
export type EpisodeEnding = "ended" | "truncated" | "maxTurns" | "maxContextTokens" | "failed";

/** All endings. */
export const EPISODE_ENDINGS: readonly EpisodeEnding[] = [
  "ended",
  "truncated",
  "maxTurns",
  "maxContextTokens",
  "failed",
];

/** An episode that is over. */
export interface PlayedEpisode<Task, State> extends Readonly<Play<Task, State>> {
  /**
   * One for each prompt that a turn followed, with all turns in their order: none where the first prompt left no room for a
   * turn.
   */
  contexts: readonly EpisodeContext[];
  ending: EpisodeEnding;
  /** Why it failed; null where it did not. */
  failure: string | null;
  /** Turns that were thrown away. */
  regenerations: number;
}
