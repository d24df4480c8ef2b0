/** The rotary tables of a model on its engine, no longer than texts have been so far. */
import type { DeviceTensor, Engine } from "../engine/mod.ts";
import { rotaryTables } from "../kernels/mod.ts";
import type { ModelConfig } from "./config.ts";

/** Cosines and sines [positions, headDim / 2]. */
export interface RotaryTables {
  cos: DeviceTensor;
  sin: DeviceTensor;
}

/** Short texts all share one table. */
const FEWEST_POSITIONS = 256;

/**
 * Tables that double when a longer text comes: all positions of a model made for a million of them would take half a
 * gigabyte. Shorter tables stay until the end, since another pass may be using them; together they are less than twice as
 * large as the longest.
 */
export class RotaryCache {
  readonly #tables = new Map<number, Promise<RotaryTables>>();
  constructor(readonly engine: Engine, readonly config: ModelConfig) {}

  /** Tables of at least positions 0 to `positions` - 1, where the model has as many. */
  covering(positions: number): Promise<RotaryTables> {
    let length = FEWEST_POSITIONS;
    while (length < positions) length *= 2;
    length = Math.min(length, this.config.maxPositions);
    let tables = this.#tables.get(length);
    if (!tables) this.#tables.set(length, tables = this.#store(length));
    return tables;
  }

  async #store(length: number): Promise<RotaryTables> {
    const { engine, config: { headDim, ropeTheta, ropeScaling } } = this;
    const { cos, sin } = rotaryTables(length, { headDim, theta: ropeTheta, scaling: ropeScaling });
    const shape = [length, headDim / 2];
    return { cos: await engine.store(cos, shape), sin: await engine.store(sin, shape) };
  }

  /** Frees the tables. */
  async dispose(): Promise<void> {
    for (const tables of this.#tables.values()) Object.values(await tables).forEach((table) => table.dispose());
    this.#tables.clear();
  }
}
