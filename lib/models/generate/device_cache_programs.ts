/**
 * Programs that move a layer's keys [rows, kvHeads, headDim, places] and values [rows, kvHeads, places, headDim] on the
 * device. All layers share them, one after the other, so that at most one layer is there twice.
 */
import type { DeviceTensor, Program, ProgramCache } from "../../engine/mod.ts";
import { cast, concat, gatherRows, Graph, multiplyDimensions, reshape, transposeLast } from "../../graph/mod.ts";
import type { ModelConfig } from "../config.ts";

/** A layer's keys and values, or a part of them. */
export interface KeysAndValues {
  keys: DeviceTensor;
  values: DeviceTensor;
}

/** Frees both. */
export function disposeKeysAndValues({ keys, values }: KeysAndValues): void {
  keys.dispose();
  values.dispose();
}

/** The two kinds of moves. */
export class DeviceCachePrograms {
  constructor(readonly programs: ProgramCache, readonly config: ModelConfig) {}

  /** Puts the places of `more` behind those of `base`, row by row. */
  async append(base: KeysAndValues, more: KeysAndValues): Promise<KeysAndValues> {
    const program = await this.programs.get("append places", () => {
      const parts = this.#inputs(new Graph(), ["rows", "rows"]);
      return {
        keys: concat(parts.map(({ keys }) => keys), 3),
        values: concat(parts.map(({ values }) => values), 2),
      };
    });
    return await run(program, [base, more]);
  }

  /**
   * Builds rows anew from any places of several parts.
   *
   * @param places int32 [rows, kvHeads, places]: where each comes from, in a list of all vectors of headDim numbers of
   *   the parts' values, one part after the other. (The WebGPU provider cannot store int64.)
   */
  async gather(parts: readonly KeysAndValues[], places: DeviceTensor): Promise<KeysAndValues> {
    const { kvHeads, headDim } = this.config;
    const program = await this.programs.get(`gather places of ${parts.length}`, () => {
      const graph = new Graph();
      const inputs = this.#inputs(graph, parts.map((_, part) => `rows${part}`));
      const from = cast(graph.input("places", ["newRows", kvHeads, "newPlaces"], "int32"), "int64");
      const vectors = inputs.map(({ rows, places }) => [multiplyDimensions(rows, kvHeads, places), headDim]);
      const gathered = (tensors: readonly typeof inputs[number]["values"][]) =>
        gatherRows(concat(tensors.map((tensor, part) => reshape(tensor, vectors[part])), 0), from);
      return {
        keys: transposeLast(gathered(inputs.map(({ keys }) => transposeLast(keys)))),
        values: gathered(inputs.map(({ values }) => values)),
      };
    });
    return await run(program, parts, { places });
  }

  #inputs(graph: Graph, rowCounts: readonly string[]) {
    const { kvHeads, headDim } = this.config;
    return rowCounts.map((rows, part) => {
      const places = `places${part}`;
      return {
        rows,
        places,
        keys: graph.input(`keys ${part}`, [rows, kvHeads, headDim, places]),
        values: graph.input(`values ${part}`, [rows, kvHeads, places, headDim]),
      };
    });
  }
}

async function run(
  program: Program,
  parts: readonly KeysAndValues[],
  feeds: Record<string, DeviceTensor> = {},
): Promise<KeysAndValues> {
  parts.forEach(({ keys, values }, part) => {
    feeds[`keys ${part}`] = keys;
    feeds[`values ${part}`] = values;
  });
  const { keys, values } = await program.run(feeds);
  return { keys, values };
}
