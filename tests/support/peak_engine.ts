/** An engine that notes the most bytes that its tensors ever took. */
import type { CompileOptions, DeviceTensor, Engine, Program } from "../../lib/engine/mod.ts";
import { EngineAround } from "./engine_around.ts";

/** Runs everything on another engine, and looks at its bytes after each step. */
export class PeakEngine extends EngineAround {
  /** The most bytes in use since it was last set. */
  peak = 0;

  #noted<T>(result: T): T {
    this.peak = Math.max(this.peak, this.engine.bytesInUse);
    return result;
  }

  override async compile(options: CompileOptions): Promise<Program> {
    const program = await this.engine.compile(options);
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: async (feeds, into) => this.#noted(await program.run(feeds, into)),
      dispose: () => program.dispose(),
    };
  }

  override upload(...args: Parameters<Engine["upload"]>): DeviceTensor {
    return this.#noted(this.engine.upload(...args));
  }
  override async store(...args: Parameters<Engine["store"]>): Promise<DeviceTensor> {
    return this.#noted(await this.engine.store(...args));
  }
  override zeros(shape: readonly number[]): DeviceTensor {
    return this.#noted(this.engine.zeros(shape));
  }
}
