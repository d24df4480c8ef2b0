/** Matrix products, softmax, and reading and adding by index in the situations that matter. */
import * as g from "../../../lib/graph/mod.ts";
import { type GraphCase, indices, normal, values } from "../../support/graph_case.ts";

const sizes = { batch: 2, tokens: 3, cached: 4 };

/** Products of every orientation and broadcast, and softmax. */
export function matmulCases(): GraphCase[] {
  const cases: GraphCase[] = [];
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const flags = `${transposeA ? "a^T" : "a"} ${transposeB ? "b^T" : "b"}`;
      const a = (m: g.Dimension, k: g.Dimension) => transposeA ? [k, m] : [m, k];
      const b = (k: g.Dimension, n: g.Dimension) => transposeB ? [n, k] : [k, n];
      const build = ({ a, b }: Record<string, g.Tensor>) => g.matmul(a, b, { transposeA, transposeB, scale: 0.5 });
      cases.push(
        { name: `matmul ${flags}`, inputs: { a: normal(...a(3, 4)), b: normal(...b(4, 5)) }, build },
        { name: `matmul ${flags} in batches`, inputs: { a: normal(2, ...a(3, 4)), b: normal(2, ...b(4, 5)) }, build },
        {
          name: `matmul ${flags} with one b for all`,
          inputs: { a: normal("batch", ...a("tokens", 4)), b: normal(...b(4, 5)) },
          sizes,
          build,
        },
        {
          name: `matmul ${flags} with one a for all`,
          inputs: { a: normal(...a(3, 4)), b: normal("batch", ...b(4, 5)) },
          sizes,
          build,
        },
        {
          name: `matmul ${flags} with broadcast batches`,
          inputs: { a: normal(2, 1, ...a(3, 4)), b: normal(3, ...b(4, 2)) },
          build,
        },
      );
    }
  }
  cases.push(
    {
      name: "matmul a^T b with many columns, which the CPU transposes first",
      inputs: { a: normal("tokens", 2), b: normal("tokens", 520) },
      sizes,
      build: ({ a, b }) => g.matmul(a, b, { transposeA: true }),
    },
    {
      name: "matmul a^T b^T with many columns and a scale",
      inputs: { a: normal("tokens", 2), b: normal(520, "tokens") },
      sizes,
      build: ({ a, b }) => g.matmul(a, b, { transposeA: true, transposeB: true, scale: 0.5 }),
    },
    {
      name: "matmul of plain factors",
      inputs: { a: normal("batch", "tokens", 4), b: normal(4, 5) },
      sizes,
      build: ({ a, b }) => g.matmul(a, b),
    },
    {
      name: "linear",
      inputs: { x: normal("batch", "tokens", 4), weight: normal(5, 4) },
      sizes,
      build: ({ x, weight }) => g.linear(x, weight),
    },
    { name: "softmax", inputs: { x: normal("batch", "tokens", 4) }, sizes, build: ({ x }) => g.softmax(x) },
    { name: "softmax of one row", inputs: { x: normal(7) }, build: ({ x }) => g.softmax(x) },
  );
  return cases;
}

/** Rows and elements by index. */
export function indexCases(): GraphCase[] {
  return [
    {
      name: "gatherRows",
      inputs: { table: normal(5, 3), ids: indices(5, "batch", "tokens") },
      sizes,
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "gatherRows of numbers",
      inputs: { table: normal(5), ids: indices(5, 4) },
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "gatherRows with one index",
      inputs: { table: normal(5, 2, 3), ids: indices(5) },
      build: ({ table, ids }) => g.gatherRows(table, ids),
    },
    {
      name: "scatterAddRows with repeated indices",
      inputs: { table: normal(4, 3), ids: values([1, 3, 1, 1, 0, 3], [2, 3], "int64"), rows: normal(2, 3, 3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "scatterAddRows of named sizes",
      notOnWebGpu: "indices are looked up in a table as long as this one, so its length must be known",
      inputs: { table: normal("batch", 3), ids: indices(2, "tokens"), rows: normal("tokens", 3) },
      sizes,
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "takeAlongLast",
      inputs: { x: normal(2, 3, 5), ids: values([0, 4, 4, 4, 2, 1, 3, 3, 0, 1, 2, 3], [2, 3, 2], "int64") },
      build: ({ x, ids }) => g.takeAlongLast(x, ids),
    },
    {
      name: "scatterAddRows with distinct indices",
      inputs: { table: normal(4, 2, 3), ids: values([2, 0, 3], [3], "int64"), rows: normal(3, 2, 3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "scatterAddRows of numbers",
      inputs: { table: normal(4), ids: values([2, 0, 2], [3], "int64"), rows: normal(3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "scatterAddRows with one index",
      inputs: { table: normal(4, 3), ids: indices(4), rows: normal(3) },
      build: ({ table, ids, rows }) => g.scatterAddRows(table, ids, rows),
    },
    {
      name: "addAlongLast with repeated indices",
      inputs: { x: normal(2, 5), ids: values([0, 4, 4, 1, 1, 1], [2, 3], "int64"), y: normal(2, 3) },
      build: ({ x, ids, y }) => g.addAlongLast(x, ids, y),
    },
    {
      name: "addOne",
      inputs: { x: normal("batch", "tokens", 5), ids: indices(5, "batch", "tokens"), y: normal("batch", "tokens") },
      sizes,
      build: ({ x, ids, y }) => g.addOne(x, ids, y),
    },
    {
      name: "takeOne",
      inputs: { x: normal("batch", "tokens", 5), ids: indices(5, "batch", "tokens") },
      sizes,
      build: ({ x, ids }) => g.takeOne(x, ids),
    },
  ];
}
