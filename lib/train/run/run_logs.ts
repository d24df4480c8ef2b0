/** What a run measures, step by step: three JSONL files and TensorBoard's event file. */
import { type FileSystem, type JsonlWriter, jsonlWriter } from "../../files/mod.ts";
import { createEventFile, type EventFile } from "../../tensorboard/mod.ts";
import type { Rollout } from "../rollout/mod.ts";
import type { Metrics } from "../step.ts";
import { METRICS_FILE } from "./read_metrics.ts";

/** File of the lines that belong to steps: `{"step": 20, "note": "checkpoint saved: ..."}`. */
export const NOTES_FILE = "notes.jsonl";

/** File of completions, a row each. */
export const COMPLETIONS_FILE = "completions.jsonl";

/** A row of completions.jsonl, but for its step. */
export type CompletionRow =
  & Pick<
    Rollout,
    "prompt" | "completion" | "rewards" | "reward" | "advantage" | "terminated"
  >
  & {
    /** The completion's length. */
    tokens: number;
  };

/** The part of a rollout that is worth keeping: no token ids. */
export function completionRow(rollout: Rollout): CompletionRow {
  const { prompt, completion, rewards, reward, advantage, terminated, completionIds } = rollout;
  return { prompt, completion, rewards, reward, advantage, terminated, tokens: completionIds.length };
}

/** The open logs of a run. Each file is made when its first row comes. */
export class RunLogs {
  readonly #path: string;
  readonly #fileSystem: FileSystem;
  readonly #purgeStep: number;
  readonly #writers = new Map<string, Promise<JsonlWriter>>();
  #events: Promise<EventFile> | undefined;
  #closed = false;

  /** @param purgeStep The first step to come, where there may be later ones in older event files. */
  constructor(path: string, { fileSystem, purgeStep }: { fileSystem: FileSystem; purgeStep: number }) {
    this.#path = path;
    this.#fileSystem = fileSystem;
    this.#purgeStep = purgeStep;
  }

  async metrics(step: number, metrics: Metrics): Promise<void> {
    if ("step" in metrics) {
      throw new Error(`step ${step}: a metric is called "step", as the step's number is: rename it`);
    }
    await this.#append(METRICS_FILE, [{ step, ...metrics }]);
    const scalars = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [tensorboardTag(name), value]),
    );
    await (await this.#eventFile()).write(step, { scalars });
  }

  async notes(step: number, notes: readonly string[]): Promise<void> {
    await this.#append(NOTES_FILE, notes.map((note) => ({ step, note })));
  }

  async completions(step: number, rollouts: readonly Rollout[]): Promise<void> {
    await this.#append(COMPLETIONS_FILE, rollouts.map((rollout) => ({ step, ...completionRow(rollout) })));
    const histograms = {
      [tensorboardTag("completions/length")]: rollouts.map(({ completionIds }) => completionIds.length),
      [tensorboardTag("advantages")]: rollouts.map(({ advantage }) => advantage),
    };
    await (await this.#eventFile()).write(step, { histograms });
  }

  /** Flushes and closes all files, also when one of them fails. */
  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#writers.values(), ...this.#events ? [this.#events] : []];
    this.#writers.clear();
    this.#events = undefined;
    const results = await Promise.allSettled(open.map(async (file) => await (await file).close()));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #append(file: string, rows: readonly unknown[]): Promise<void> {
    if (rows.length === 0) return;
    this.#checkOpen();
    let opening = this.#writers.get(file);
    if (!opening) {
      opening = jsonlWriter(`${this.#path}/${file}`, { fileSystem: this.#fileSystem });
      this.#writers.set(file, opening);
      // What could not be opened is not kept: there may be room on the disk the next time.
      opening.catch(() => this.#writers.delete(file));
    }
    const writer = await opening;
    for (const row of rows) await writer.write(row);
  }

  #eventFile(): Promise<EventFile> {
    this.#checkOpen();
    if (!this.#events) {
      this.#events = createEventFile(`${this.#path}/runs`, {
        fileSystem: this.#fileSystem,
        purgeStep: this.#purgeStep,
      });
      this.#events.catch(() => this.#events = undefined);
    }
    return this.#events;
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error(`the run ${this.#path} is closed: nothing more can be logged to it`);
  }
}

/** The tag under which transformers' TensorBoardCallback shows a metric: `train/loss`, `eval/loss`. */
export function tensorboardTag(metric: string): string {
  const [, split, name] = /^(?:(eval|test)_)?(.*)$/s.exec(metric)!;
  return `${split ?? "train"}/${name}`;
}
