/** Programs that are compiled when they are first asked for. */
import type { DeviceTensor, Engine, Program } from "./engine.ts";
import type { Tensor } from "../graph/mod.ts";
import { frozenWeights } from "./frozen_weights.ts";

/** Keeps compiled programs by a key that says which one is meant. */
export class ProgramCache {
  readonly #programs = new Map<string, Promise<Program>>();
  constructor(readonly engine: Engine) {}

  /**
   * The program of a key. One that could not be compiled is tried again when it is next asked for.
   *
   * @param outputs Builds what the program computes, by the names of its outputs.
   * @param frozen Inputs that become part of the program when it is compiled, as many of them as an ONNX file holds.
   */
  get(
    key: string,
    outputs: () => Record<string, Tensor>,
    frozen: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Program> {
    let program = this.#programs.get(key);
    if (!program) {
      program = this.#compile(outputs(), frozen);
      this.#programs.set(key, program);
      program.catch(() => this.#programs.delete(key));
    }
    return program;
  }

  async #compile(
    outputs: Record<string, Tensor>,
    frozen: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Program> {
    return await this.engine.compile({ outputs, ...await frozenWeights(this.engine, outputs, frozen) });
  }

  /** Frees the programs, and the memory that they hold between runs. */
  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    for (const program of programs) await (await program.catch(() => null))?.dispose();
  }
}
