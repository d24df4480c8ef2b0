/** Has the policy write turns, those of many episodes together. */
import { type Decoder, generate, PrefixCache } from "../../models/mod.ts";
import type { EpisodeTokens } from "./episode_tokens.ts";
import type { Turn } from "./game.ts";
import type { PlayOptions, PlaySettings } from "./play_options.ts";
import type { TurnSource } from "./turn_source.ts";

/** An episode in which a turn is due. */
export interface WaitingEpisode {
  /** What the turn follows. */
  prompt: readonly number[];
  temperature: number;
  /** What the turn's draws depend on, besides the seed of all. */
  turnSeed: string;
  write(turn: Turn): void;
}

/** Writes turns with one decoder, or has them written elsewhere, and counts them. */
export class TurnWriter {
  /** Turns and tokens so far. */
  written: { turns: number; tokens: number } = { turns: 0, tokens: 0 };
  /** A turn mostly begins with what the episode has read and written before: only the rest is read. */
  readonly #prefixCache: PrefixCache;

  constructor(
    readonly decoder: Decoder | null,
    readonly tokens: EpisodeTokens,
    readonly options: Omit<PlayOptions<never>, "taskSeed">,
    readonly settings: PlaySettings,
    readonly onProgress: (written: TurnWriter["written"]) => void,
  ) {
    this.#prefixCache = new PrefixCache({ maxBytes: options.prefixCacheBytes });
  }

  /** Writes the next turn of each episode: one batch for each temperature. */
  async write(episodes: readonly WaitingEpisode[]): Promise<void> {
    for (const [temperature, together] of Map.groupBy(episodes, (episode) => episode.temperature)) {
      await this.#write(together, temperature);
    }
  }

  async #write(episodes: readonly WaitingEpisode[], temperature: number): Promise<void> {
    if (this.options.turns) return await this.#writeElsewhere(this.options.turns, episodes, temperature);
    const { model, adapter, topK, topP, minP, repetitionPenalty, stopTokenIds, maxBatchRows, signal } = this.options;
    const { turns, tokens } = this.written;
    const completions = await generate(model, {
      ...{ topK, topP, minP, repetitionPenalty, stopTokenIds, maxBatchRows, adapter, signal, temperature },
      prompts: episodes.map(({ prompt }) => prompt),
      seeds: episodes.map(({ turnSeed }) => `${this.settings.seed} ${turnSeed}`),
      maxNewTokens: this.settings.maxTurnTokens,
      stopStrings: this.settings.stopStrings,
      tokenizer: this.tokens.tokenizer,
      // A stop string may be a special token.
      skipSpecialTokens: false,
      decoder: this.decoder ?? undefined,
      prefixCache: this.#prefixCache,
      onProgress: (progress) => {
        this.written = { turns: turns + progress.finished, tokens: tokens + progress.tokens };
        this.onProgress(this.written);
      },
    });
    signal?.throwIfAborted();
    episodes.forEach((episode, i) => episode.write(this.tokens.turn(completions[i][0])));
  }

  async #writeElsewhere(
    source: TurnSource,
    episodes: readonly WaitingEpisode[],
    temperature: number,
  ): Promise<void> {
    const { topK, topP, minP, repetitionPenalty, stopTokenIds, signal } = this.options;
    const { maxTurnTokens: maxTokens, stopStrings, seed } = this.settings;
    const requests = episodes.map(({ prompt, turnSeed }) => ({ prompt, seed: `${seed} ${turnSeed}` }));
    const written = await source.write(requests, {
      ...{ temperature, topK, topP, minP, repetitionPenalty, maxTokens, stopStrings, stopTokenIds, signal },
      onTurn: (tokens) => {
        this.written = { turns: this.written.turns + 1, tokens: this.written.tokens + tokens };
        this.onProgress(this.written);
      },
    });
    signal?.throwIfAborted();
    episodes.forEach((episode, i) => episode.write(this.tokens.writtenTurn(written[i])));
  }
}
