/** One episode while it is played. */
import type { RandomSeed } from "../../random/mod.ts";
import type { AppendedText, NextMove, Play, Prompt, Turn } from "./game.ts";
import type { EpisodeTokens } from "./episode_tokens.ts";
import type { PlaySettings } from "./play_options.ts";
import type { EpisodeContext, EpisodeEnding, PlayedEpisode } from "./played_episode.ts";

interface OpenContext extends EpisodeContext {
  ids: number[];
  lossMask: boolean[];
  turnEnds: number[];
}

/** Keeps the tokens of an episode, and says when it is over. */
export class RunningEpisode<Task, State> {
  /** What the next turn follows. */
  prompt: readonly number[];
  /** Why it ended; null while it is on. */
  ending: EpisodeEnding | null = null;
  readonly #play: { task: Task; sample: number; state: State; turns: readonly Turn[] };
  readonly #contexts: OpenContext[] = [];
  /** Whether the next turn begins a context. */
  #isNewContext = true;
  #failure: string | null = null;
  #regenerations = 0;
  /** How often the turn that is due was thrown away. */
  #again = 0;

  /**
   * @param place What errors call it.
   * @param taskSeed What stands for its task in seeds.
   */
  constructor(
    readonly place: string,
    readonly taskSeed: RandomSeed,
    begun: { task: Task; sample: number; prompt: Prompt; state: State },
    readonly tokens: EpisodeTokens,
    readonly settings: PlaySettings,
  ) {
    const { task, sample, prompt, state } = begun;
    this.#play = { task, sample, state, turns: [] };
    this.prompt = [];
    this.#read(prompt);
  }

  /** What the game is shown. */
  get play(): Play<Task, State> {
    return this.#play;
  }

  get temperature(): number {
    return this.settings.temperatures[this.#play.sample];
  }

  /** What the draws of the next turn depend on. */
  get turnSeed(): string {
    const { sample, turns } = this.#play;
    return `task ${this.taskSeed} sample ${sample} turn ${turns.length} again ${this.#again}`;
  }

  /** Takes what the policy wrote. It becomes part of the context with the game's move. */
  write(turn: Turn): void {
    this.#play.turns = [...this.#play.turns, turn];
  }

  /** Does what the game says. */
  move(move: NextMove): void {
    const { turns } = this.#play;
    if (move?.kind === "again" && this.temperature > 0 && this.#again < this.settings.maxRegenerations) {
      this.#play.turns = turns.slice(0, -1);
      this.#again++;
      this.#regenerations++;
      return;
    }
    const turn = turns[turns.length - 1];
    this.#keep(turn);
    this.#again = 0;
    switch (move?.kind) {
      case "end":
      case "again":
        this.ending = turn.finishReason === "length" ? "truncated" : "ended";
        return;
      case "failed":
        this.ending = "failed";
        this.#failure = move.message;
        return;
      case "append":
      case "prompt":
        if (turns.length >= this.settings.maxTurns) this.ending = "maxTurns";
        else if (move.kind === "prompt") this.#read(move.prompt);
        else this.#readOn(move.text, turn);
        return;
      default:
        throw new Error(
          `${this.place}: act() gave ${
            JSON.stringify(move)
          }: expected a move whose kind is end, append, prompt, again or failed`,
        );
    }
  }

  /** The episode, once it is over. */
  played(): PlayedEpisode<Task, State> {
    if (this.ending === null) throw new Error(`${this.place} is not over`);
    return {
      ...this.#play,
      contexts: this.#contexts,
      ending: this.ending,
      failure: this.#failure,
      regenerations: this.#regenerations,
    };
  }

  /** The next turn follows this prompt. */
  #read(prompt: Prompt): void {
    this.#isNewContext = true;
    this.#goOn(this.tokens.prompt(prompt));
    if (this.prompt.length === 0) throw new Error(`${this.place}: the prompt has no token: expected at least one`);
  }

  /** The next turn follows what was there, and this text. */
  #readOn(text: AppendedText, turn: Turn): void {
    this.#isNewContext = false;
    this.#goOn([...this.#contexts[this.#contexts.length - 1].ids, ...this.tokens.appended(text, turn)]);
  }

  #goOn(prompt: readonly number[]): void {
    this.prompt = prompt;
    const { maxTurnTokens, maxContextTokens } = this.settings;
    if (prompt.length + maxTurnTokens > maxContextTokens) this.ending = "maxContextTokens";
  }

  /** Puts a turn into its context, after what it followed. */
  #keep({ tokenIds }: Turn): void {
    if (this.#isNewContext) this.#contexts.push({ ids: [], lossMask: [], turnEnds: [] });
    const { ids, lossMask, turnEnds } = this.#contexts[this.#contexts.length - 1];
    for (const id of this.prompt.slice(ids.length)) {
      ids.push(id);
      lossMask.push(false);
    }
    for (const id of tokenIds) {
      ids.push(id);
      lossMask.push(true);
    }
    turnEnds.push(ids.length - 1);
  }
}
