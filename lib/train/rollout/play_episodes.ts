/** Episodes of several turns, all of them at once. */
import { EpisodeTokens } from "./episode_tokens.ts";
import type { Game } from "./game.ts";
import { type PlayOptions, resolvePlayOptions } from "./play_options.ts";
import type { PlayedEpisode } from "./played_episode.ts";
import { policyDecoder } from "./policy_decoder.ts";
import { RunningEpisode } from "./running_episode.ts";
import { TurnWriter } from "./turn_writer.ts";

/**
 * Plays `samples` episodes of each task. All episodes that are on write their next turn in one batch, and the game then acts for
 * all of them. What is drawn depends on the seed, the task, the sample, the turn and how often it was written anew, and not on
 * what else is played: one by one, the same episodes come out.
 *
 * What the policy wrote stays as it was drawn: its tokens are never made anew from their text. So a turn that a stop string ends
 * is in the context, and in the loss, with the whole token that completed it, whose end may say more: see `Turn.rest`.
 *
 * @returns The episodes in the order [task][sample], flat.
 * @throws {RangeError} when an option is out of range. Rejects when the game's functions throw, when a prompt has no token, when
 *   `signal` is aborted, and as `generate` does.
 */
export async function playEpisodes<Task, State>(
  game: Game<Task, State>,
  tasks: readonly Task[],
  options: PlayOptions<Task>,
): Promise<PlayedEpisode<Task, State>[]> {
  const { model, adapter = null, tokenizer, signal, onProgress, taskSeed = (_, index) => index } = options;
  const settings = resolvePlayOptions(options);
  tokenizer.assertFits(model.config.vocabSize);
  const tokens = new EpisodeTokens(tokenizer, settings.stopStrings, options.templateVariables);
  const episodes = tasks.flatMap((task, index) =>
    settings.temperatures.map((_, sample) => {
      const begun = { task, sample, ...game.begin(task) };
      return new RunningEpisode(`task ${index}, sample ${sample}`, taskSeed(task, index), begun, tokens, settings);
    })
  );
  const inPlay = () => episodes.filter(({ ending }) => ending === null);
  const own = options.decoder || options.turns ? null : policyDecoder(model, adapter);
  const decoder = options.decoder ?? own;
  const report = ({ turns, tokens }: { turns: number; tokens: number }) =>
    onProgress?.({ finished: episodes.length - inPlay().length, total: episodes.length, turns, tokens });
  const writer = new TurnWriter(decoder, tokens, options, settings, report);
  try {
    await options.turns?.begin();
    report(writer.written);
    for (let playing = inPlay(); playing.length > 0; playing = inPlay()) {
      await writer.write(playing);
      const moves = await game.act(playing.map(({ play }) => play), signal);
      signal?.throwIfAborted();
      if (moves?.length !== playing.length) {
        throw new Error(`act() gave ${moves?.length} moves: expected one for each of ${playing.length} episodes`);
      }
      playing.forEach((episode, i) => episode.move(moves[i]));
      report(writer.written);
    }
  } finally {
    await own?.dispose();
  }
  return episodes.map((episode) => episode.played());
}
