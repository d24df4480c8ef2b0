/** An engine that hands everything on to another: what tests and benchmarks that watch an engine start from. */
import type { CompileOptions, Engine, Program } from "../../lib/engine/mod.ts";

/** Does what `engine` does; subclasses change a method. */
export class EngineAround implements Engine {
  constructor(readonly engine: Engine) {}

  get device() {
    return this.engine.device;
  }
  get description() {
    return this.engine.description;
  }
  get sharesMemory() {
    return this.engine.sharesMemory;
  }
  get copiesFeeds() {
    return this.engine.copiesFeeds;
  }
  get supportsFloat16() {
    return this.engine.supportsFloat16;
  }
  get bytesInUse() {
    return this.engine.bytesInUse;
  }
  compile(options: CompileOptions): Promise<Program> {
    return this.engine.compile(options);
  }
  upload(...args: Parameters<Engine["upload"]>) {
    return this.engine.upload(...args);
  }
  store(...args: Parameters<Engine["store"]>) {
    return this.engine.store(...args);
  }
  zeros(shape: readonly number[]) {
    return this.engine.zeros(shape);
  }
  read(...[tensor]: Parameters<Engine["read"]>) {
    return this.engine.read(tensor);
  }
  dispose(): Promise<void> {
    return this.engine.dispose();
  }
}
