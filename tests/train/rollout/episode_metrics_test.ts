import assert from "node:assert/strict";
import {
  EPISODE_ENDINGS,
  type EpisodeEnding,
  episodeMetrics,
  type PlayedEpisode,
  type Turn,
} from "../../../lib/train/mod.ts";

function episode(lengths: number[], ending: EpisodeEnding, regenerations = 0): PlayedEpisode<null, null> {
  const turns = lengths.map((length): Turn => ({
    ...{ tokenIds: Array(length).fill(5), text: "", stopString: null, rest: "" },
    finishReason: length === 9 ? "length" : "stop",
  }));
  const contexts = lengths.map((length) => ({
    ids: Array(length + 10).fill(5),
    lossMask: Array(length + 10).fill(false).fill(true, 10),
    turnEnds: [length + 9],
  }));
  return { ...{ task: null, sample: 0, state: null, turns, contexts, ending, failure: null, regenerations } };
}

Deno.test("episodeMetrics() counts turns, tokens, endings and what was cut off", () => {
  const metrics = episodeMetrics([
    episode([2, 4, 9], "truncated", 1),
    episode([3], "ended"),
    episode([], "maxContextTokens"),
    episode([1, 1], "ended", 2),
  ]);
  assert.deepEqual(metrics, {
    "episodes/count": 4,
    "episodes/mean_turns": 1.5,
    "episodes/min_turns": 0,
    "episodes/max_turns": 3,
    "episodes/mean_tokens": 5,
    "episodes/mean_context_tokens": 10 + 20 / 6,
    "episodes/max_context_tokens": 19,
    "episodes/regenerations": 0.75,
    "episodes/ending/ended": 0.5,
    "episodes/ending/truncated": 0.25,
    "episodes/ending/max_turns": 0,
    "episodes/ending/max_context_tokens": 0.25,
    "episodes/ending/failed": 0,
    "turns/mean_length": 20 / 6,
    "turns/max_length": 9,
    "turns/clipped_ratio": 1 / 6,
  });
});

Deno.test("episodeMetrics() has a share for each ending, and is finite for no episodes", () => {
  for (const ending of EPISODE_ENDINGS) {
    const metrics = episodeMetrics([episode([1], ending)]);
    const shares = Object.entries(metrics).filter(([name]) => name.startsWith("episodes/ending/"));
    assert.deepEqual(shares.filter(([, share]) => share === 1).length, 1);
    assert.equal(shares.length, EPISODE_ENDINGS.length);
  }
  assert.ok(Object.values(episodeMetrics([])).every((value) => value === 0));
});
