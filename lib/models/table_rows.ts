/** A table of which an adapter trains some rows: with these rows in place, and their gradient out of the whole table's. */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { cast, concat, gatherRows, Graph } from "../graph/mod.ts";

/** Puts rows [ids, hidden] into a table [vocabulary, hidden] in the place of those at `ids`. */
export function putRows(table: Float32Array, rows: Float32Array, ids: readonly number[], hidden: number): void {
  ids.forEach((id, at) => table.set(rows.subarray(at * hidden, (at + 1) * hidden), id * hidden));
}

/** A copy of the rows of a table [vocabulary, hidden] at `ids`: [ids, hidden]. */
export function rowsAt(table: Float32Array, ids: readonly number[], hidden: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(ids.length * hidden);
  ids.forEach((id, at) => rows.set(table.subarray(id * hidden, (id + 1) * hidden), at * hidden));
  return rows;
}

/** The programs for one engine, and the same in this process's own memory without any. */
export class TableRows {
  readonly #programs: ProgramCache;

  constructor(readonly engine: Engine) {
    this.#programs = new ProgramCache(engine);
  }

  /**
   * A copy of a table with rows in the place of those at `ids`; the caller's to dispose.
   *
   * @param table float32 [vocabulary, hidden]
   * @param rows [ids, hidden]
   */
  async inPlace(table: DeviceTensor, rows: DeviceTensor, ids: readonly number[]): Promise<DeviceTensor> {
    const [vocabulary, hidden] = table.shape;
    if (table.data && rows.data) {
      const numbers = (table.data as Float32Array).slice();
      putRows(numbers, rows.data as Float32Array, ids, hidden);
      return this.engine.upload(numbers, table.shape);
    }
    const program = await this.#programs.get("in place", () => {
      const graph = new Graph();
      const both = concat([graph.input("table", ["vocabulary", hidden]), graph.input("rows", ["ids", hidden])], 0);
      return { y: gatherRows(both, cast(graph.input("places", ["places"], "int32"), "int64")) };
    });
    const places = Int32Array.from({ length: vocabulary }, (_, id) => id);
    ids.forEach((id, at) => places[id] = vocabulary + at);
    return await this.#run(program, { table, rows }, places);
  }

  /** The rows at `ids` of a table's gradient [vocabulary, hidden], which is used up. */
  async gradientOf(gradient: DeviceTensor, ids: readonly number[]): Promise<DeviceTensor> {
    const hidden = gradient.shape[1];
    try {
      if (gradient.data) {
        return this.engine.upload(rowsAt(gradient.data as Float32Array, ids, hidden), [ids.length, hidden]);
      }
      const program = await this.#programs.get("gradient", () => {
        const graph = new Graph();
        const ids = cast(graph.input("places", ["places"], "int32"), "int64");
        return { y: gatherRows(graph.input("gradient", ["vocabulary", hidden]), ids) };
      });
      return await this.#run(program, { gradient }, Int32Array.from(ids));
    } finally {
      gradient.dispose();
    }
  }

  async #run(
    program: Awaited<ReturnType<ProgramCache["get"]>>,
    feeds: Record<string, DeviceTensor>,
    numbers: Int32Array<ArrayBuffer>,
  ): Promise<DeviceTensor> {
    const places = this.engine.upload(numbers, [numbers.length]);
    try {
      return (await program.run({ ...feeds, places })).y;
    } finally {
      places.dispose();
    }
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
  }
}
