/** Numbers for the log of what was played. */
import { mean, type Metrics } from "../step.ts";
import { EPISODE_ENDINGS, type EpisodeEnding, type PlayedEpisode } from "./played_episode.ts";

const NAMES: Record<EpisodeEnding, string> = {
  ended: "ended",
  truncated: "truncated",
  maxTurns: "max_turns",
  maxContextTokens: "max_context_tokens",
  failed: "failed",
};

/**
 * What episodes were like:
 *
 * | metric                                                          | meaning                                                     |
 * |-----------------------------------------------------------------|-------------------------------------------------------------|
 * | `episodes/count`                                                |                                                             |
 * | `episodes/mean_turns`, `min_turns`, `max_turns`                 | turns of an episode                                         |
 * | `episodes/mean_tokens`                                          | tokens of an episode that the policy wrote                  |
 * | `episodes/mean_context_tokens`, `max_context_tokens`            | tokens of a context, with all that the policy only read     |
 * | `episodes/regenerations`                                        | turns of an episode that were thrown away                   |
 * | `episodes/ending/ended`, `truncated`, `max_turns`, ...          | share of the episodes that ended so                         |
 * | `turns/mean_length`, `turns/max_length`                         | tokens of a turn                                            |
 * | `turns/clipped_ratio`                                           | share of the turns that were cut off                        |
 *
 * Means over nothing are 0.
 */
export function episodeMetrics(played: readonly PlayedEpisode<unknown, unknown>[]): Metrics {
  const turns = played.map((episode) => episode.turns.length);
  const written = played.flatMap((episode) => episode.turns);
  const lengths = written.map(({ tokenIds }) => tokenIds.length);
  const contexts = played.flatMap((episode) => episode.contexts.map(({ ids }) => ids.length));
  const endings = EPISODE_ENDINGS.map((ending): [string, number] => [
    `episodes/ending/${NAMES[ending]}`,
    share(played, (episode) => episode.ending === ending),
  ]);
  return {
    "episodes/count": played.length,
    "episodes/mean_turns": mean(turns),
    "episodes/min_turns": played.length === 0 ? 0 : Math.min(...turns),
    "episodes/max_turns": Math.max(0, ...turns),
    "episodes/mean_tokens": lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, played.length),
    "episodes/mean_context_tokens": mean(contexts),
    "episodes/max_context_tokens": Math.max(0, ...contexts),
    "episodes/regenerations": mean(played.map(({ regenerations }) => regenerations)),
    ...Object.fromEntries(endings),
    "turns/mean_length": mean(lengths),
    "turns/max_length": Math.max(0, ...lengths),
    "turns/clipped_ratio": share(written, ({ finishReason }) => finishReason === "length"),
  };
}

function share<T>(list: readonly T[], isCounted: (item: T) => boolean): number {
  return mean(list.map((item) => isCounted(item) ? 1 : 0));
}
