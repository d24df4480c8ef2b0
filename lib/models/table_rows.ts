/** A table of which an adapter trains some rows: with these rows in place, and their gradient out of the whole table's. */
import { type DeviceTensor, type Engine, ProgramCache } from "../engine/mod.ts";
import { cast, concat, gatherRows, Graph } from "../graph/mod.ts";

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
      ids.forEach((id, at) =>
        numbers.set((rows.data as Float32Array).subarray(at * hidden, (at + 1) * hidden), id * hidden)
      );
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
        const rows = new Float32Array(ids.length * hidden);
        ids.forEach((id, at) =>
          rows.set((gradient.data as Float32Array).subarray(id * hidden, (id + 1) * hidden), at * hidden)
        );
        return this.engine.upload(rows, [ids.length, hidden]);
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
