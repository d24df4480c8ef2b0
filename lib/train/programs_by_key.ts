import type { Engine, Program } from "../engine/mod.ts";
import type { Tensor } from "../graph/mod.ts";

/** Programs that are compiled when first needed, and freed together. */
export class ProgramsByKey {
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(readonly engine: Engine) {}

  /** The program of that key; `build` makes its outputs. */
  get(key: string, build: () => Record<string, Tensor>): Promise<Program> {
    let program = this.#programs.get(key);
    if (!program) this.#programs.set(key, program = this.engine.compile({ outputs: build() }));
    return program;
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).dispose();
    this.#programs.clear();
  }
}
