/** Programs that are compiled when they are first asked for. */
import type { Engine, Program } from "../engine/mod.ts";
import type { Tensor } from "../graph/mod.ts";

/** Keeps compiled programs by a key that says which one is meant. */
export class ProgramCache {
  readonly #programs = new Map<string, Promise<Program>>();
  constructor(readonly engine: Engine) {}

  /**
   * The program of a key. One that could not be compiled is tried again when it is next asked for.
   *
   * @param outputs Builds what the program computes, by the names of its outputs.
   */
  get(key: string, outputs: () => Record<string, Tensor>): Promise<Program> {
    let program = this.#programs.get(key);
    if (!program) {
      program = this.engine.compile({ outputs: outputs() });
      this.#programs.set(key, program);
      program.catch(() => this.#programs.delete(key));
    }
    return program;
  }

  /** Frees the programs, and the memory that they hold between runs. */
  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    for (const program of programs) await (await program.catch(() => null))?.dispose();
  }
}
