/** An engine that notes the most bytes that its tensors ever took. */
import type { CompileOptions, DeviceTensor, Engine, Program } from "../../lib/engine/mod.ts";

/** Runs everything on another engine, and looks at its bytes after each step. */
export class PeakEngine implements Engine {
  /** The most bytes in use since it was last set. */
  peak = 0;
  constructor(readonly engine: Engine) {}

  #noted<T>(result: T): T {
    this.peak = Math.max(this.peak, this.engine.bytesInUse);
    return result;
  }

  async compile(options: CompileOptions): Promise<Program> {
    const program = await this.engine.compile(options);
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: async (feeds, into) => this.#noted(await program.run(feeds, into)),
      dispose: () => program.dispose(),
    };
  }

  get device() {
    return this.engine.device;
  }
  get description() {
    return this.engine.description;
  }
  get bytesInUse() {
    return this.engine.bytesInUse;
  }
  upload: Engine["upload"] = (...args): DeviceTensor => this.#noted(this.engine.upload(...args));
  store: Engine["store"] = async (...args) => this.#noted(await this.engine.store(...args));
  zeros: Engine["zeros"] = (shape) => this.#noted(this.engine.zeros(shape));
  read: Engine["read"] = (tensor) => this.engine.read(tensor);
  dispose(): Promise<void> {
    return this.engine.dispose();
  }
}
