/** The checkpoints of one run: which one it goes on from, which one to go back to, and which ones are no longer needed. */
import { recoverFolder } from "../../files/mod.ts";
import type { CheckpointOptions } from "../step.ts";
import {
  checkpointName,
  clearTemporaries,
  findCheckpoint,
  type FoundCheckpoint,
  listCheckpoints,
  removeCheckpoint,
} from "./find.ts";
import { verifyManifest } from "./manifest.ts";
import { readState } from "./state.ts";

/** Follows the checkpoints in a run's `outputDir`. */
export class RunCheckpoints {
  /** Steps whose checkpoints are known to be whole: read or written by this run. */
  readonly #whole = new Set<number>();

  constructor(
    readonly options: CheckpointOptions,
    /** Takes lines for the log. */
    readonly note: (line: string) => void,
  ) {}

  /**
   * The checkpoint that the options ask to resume from, which is whole; null to begin at the first step. Nothing is changed.
   *
   * @throws When there is none at the path given, or `outputDir` holds checkpoints that this run would mix up with its own;
   *   the message says what to do.
   */
  async choose(): Promise<FoundCheckpoint | null> {
    const { outputDir, resumeFromCheckpoint: resume = false, fileSystem } = this.options;
    if (typeof resume === "string") return await this.#atPath(resume);
    if (resume) {
      const found = await findCheckpoint(outputDir!, {
        onBroken: ({ path }, problem) => this.note(`${path} is passed over: ${problem}`),
        fileSystem,
      });
      if (!found) this.note(`no checkpoint in ${outputDir}: the run begins at its first step`);
      return found;
    }
    const newest = outputDir === undefined ? undefined : (await listCheckpoints(outputDir)).at(-1);
    if (newest) {
      throw new Error(
        `outputDir holds ${newest.path} of an earlier run: go on with it (resumeFromCheckpoint: true), or choose another ` +
          "folder",
      );
    }
    return null;
  }

  async #atPath(path: string): Promise<FoundCheckpoint> {
    const { outputDir, fileSystem } = this.options;
    await recoverFolder(path, { fileSystem });
    const problem = await verifyManifest(path);
    if (problem !== null) {
      const [inside] = (await listCheckpoints(path).catch(() => [])).slice(-1);
      const hint = inside ? `; did you mean ${inside.path}?` : "";
      throw new Error(`resumeFromCheckpoint: ${path} is not a whole checkpoint: ${problem}${hint}`);
    }
    const { step } = await readState(path);
    const others = outputDir === undefined ? [] : await listCheckpoints(outputDir);
    const real = await Deno.realPath(path);
    const isInside = (await Promise.all(others.map((other) => Deno.realPath(other.path)))).includes(real);
    const newest = others.at(-1);
    if (newest && (!isInside || newest.step > step)) {
      throw new Error(
        `resumeFromCheckpoint is ${path}, but outputDir holds ${newest.path} of another way that a run took: remove it, ` +
          "or choose another outputDir",
      );
    }
    return { path, step };
  }

  /** Says that the run goes on from a checkpoint, and clears away what a killed one left half-written. */
  async begin(from: FoundCheckpoint | null): Promise<void> {
    const { outputDir, fileSystem } = this.options;
    if (from) this.#whole.add(from.step);
    if (outputDir !== undefined) await clearTemporaries(outputDir, fileSystem);
  }

  /** Where the checkpoint of a step goes. */
  pathOf(step: number): string {
    return `${this.options.outputDir}/${checkpointName(step)}`;
  }

  /** Says that the checkpoint of a step was written. */
  saved(step: number): void {
    this.#whole.add(step);
    this.note(`checkpoint saved: ${this.pathOf(step)}`);
  }

  /**
   * The newest checkpoint that is known to be good when a step fails: one whose weights gave a finite loss in a step after
   * it. That of the step just before holds the very weights that failed.
   */
  async lastGood(failedStep: number): Promise<string | null> {
    if (this.options.outputDir === undefined) return null;
    const older = (await listCheckpoints(this.options.outputDir)).filter(({ step }) => step < failedStep - 1);
    for (const { path } of older.reverse()) if (await verifyManifest(path) === null) return path;
    return null;
  }

  /** Removes all but the newest `saveTotalLimit` of the checkpoints up to a step, and `keep`. */
  async removeOld(upTo: number, keep: number | undefined): Promise<void> {
    const { outputDir, saveTotalLimit: limit, fileSystem } = this.options;
    if (outputDir === undefined || limit === undefined) return;
    const known = (step: number) => this.#whole.has(step) ? 1 : 0;
    const checkpoints = (await listCheckpoints(outputDir))
      .filter(({ step }) => step <= upTo)
      // What may be broken must not push out what is whole.
      .sort((a, b) => known(b.step) - known(a.step) || b.step - a.step);
    for (const { path, step } of checkpoints.slice(limit)) {
      if (step !== keep) await removeCheckpoint(path, fileSystem);
    }
  }
}
