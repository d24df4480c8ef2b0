import assert from "node:assert/strict";
import fc from "fast-check";
import { compileFilter } from "../../../lib/retrieval/store/compile_filter.ts";
import { MAX_COMPARISONS, MAX_FILTER_DEPTH } from "../../../lib/retrieval/store/filter.ts";
import {
  type Filter,
  type FilterValue,
  ingest,
  matchingPassages,
  nearestPassages,
  parseFilter,
} from "../../../lib/retrieval/store/mod.ts";
import { asItems, sampleDocument, withTable } from "./sample_documents.ts";
import { anyText } from "../../support/any_text.ts";

const HOSTILE = [
  "it's",
  'say "x"',
  "back\\slash",
  "\\'",
  "''",
  "'",
  "100%",
  "a_b",
  "%",
  "nul\0byte",
  "émoji 😀",
  "\u{10FFFF}",
  "\uE000",
  "",
  " ",
  "--",
  "/*",
  "'; DROP TABLE passages; --",
  "`tick`",
  "new\nline",
  "\ud800 alone",
  "NULL",
  "true",
  "medicine",
  "Medicine",
  "e\u0301",
];
const COLUMNS = ["topic", "language"];

/** What a row has in each column. */
type Values = Record<string, FilterValue | null>;

/** The filter's meaning, in TypeScript. */
function holds(filter: Filter, row: Values): boolean {
  switch (filter.op) {
    case "and":
      return filter.filters.every((part) => holds(part, row));
    case "or":
      return filter.filters.some((part) => holds(part, row));
    case "not":
      return !holds(filter.filter, row);
    case "isNull":
      return row[filter.column] === null;
  }
  const value = row[filter.column];
  if (filter.op === "ne") return value !== mended(filter.value);
  if (value === null) return false;
  if (filter.op === "eq") return value === mended(filter.value);
  if (filter.op === "in") return filter.values.some((each) => mended(each) === value);
  if (filter.op === "startsWith") return String(value).startsWith(mended(filter.value));
  if (filter.op === "contains") return String(value).includes(mended(filter.value));
  const order = compare(value, mended(filter.value));
  return { lt: order < 0, lte: order <= 0, gt: order > 0, gte: order >= 0 }[filter.op];
}

/** What UTF-8 cannot hold is stored as U+FFFD. */
function mended<Value extends FilterValue>(value: Value): Value {
  return (typeof value === "string" ? value.toWellFormed() : value) as Value;
}

/** By code points, as UTF-8 orders its bytes. */
function compare(one: FilterValue, other: FilterValue): number {
  if (typeof one === "number") return one - Number(other);
  const [a, b] = [one, other].map((text) => [...String(text)].map((sign) => sign.codePointAt(0)!));
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  anyText({ maxLength: 4 }),
  fc.string({ maxLength: 4 }),
);
const integer = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }));
/** Comparisons of columns of one type. */
function comparisons(
  column: fc.Arbitrary<string>,
  value: fc.Arbitrary<string> | fc.Arbitrary<number>,
): fc.Arbitrary<Filter>[] {
  const values = fc.array(value as fc.Arbitrary<string | number>, { maxLength: 5 });
  return [
    fc.record({ op: fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte"), column, value }) as fc.Arbitrary<Filter>,
    fc.record({ op: fc.constant("in"), column, values }) as fc.Arbitrary<Filter>,
    fc.record({ op: fc.constant("isNull"), column }) as fc.Arbitrary<Filter>,
  ];
}

const textColumn = fc.constantFrom("source", "topic", "language");
const comparison: fc.Arbitrary<Filter> = fc.oneof(
  ...comparisons(textColumn, text),
  ...comparisons(fc.constantFrom("page", "start"), integer),
  fc.record({ op: fc.constantFrom("startsWith", "contains"), column: textColumn, value: text }) as fc.Arbitrary<Filter>,
  fc.record({ op: fc.constantFrom("eq", "ne"), column: fc.constant("untrusted"), value: fc.boolean() }) as fc.Arbitrary<
    Filter
  >,
);
const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    comparison,
    fc.record({ op: fc.constantFrom("and", "or"), filters: fc.array(tie("filter"), { maxLength: 3 }) }) as fc.Arbitrary<
      Filter
    >,
    fc.record({ op: fc.constant("not"), filter: tie("filter") }) as fc.Arbitrary<Filter>,
  ),
})).filter;

Deno.test("filters mean in LanceDB what they mean in TypeScript, whatever stands in them", () =>
  withTable(async (table) => {
    const documents = HOSTILE.map((value, at) =>
      sampleDocument(`${at}/${value.toWellFormed()}`, ["One paragraph."], {
        metadata: at % 7 === 6 ? {} : { topic: value, ...(at % 3 ? { language: HOSTILE[HOSTILE.length - at] } : {}) },
        untrusted: at % 2 === 0,
        ...(at % 4 ? { page: at } : {}),
      })
    );
    const { added } = await ingest(table, asItems(documents));
    assert.equal(added, HOSTILE.length);
    const rows: Values[] =
      (await table.lance.query().select(["source", "topic", "language", "page", "start", "untrusted"]).toArray())
        .map((row) => ({ ...row.toJSON() }));
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const where = compileFilter(filter, COLUMNS);
        const found = await table.lance.query().where(where).select(["source"]).toArray();
        const expected = rows.filter((row) => holds(filter, row)).map(({ source }) => source).sort();
        assert.deepEqual(found.map(({ source }) => source).sort(), expected, where);
      }),
      { numRuns: 100 },
    );
    // Each side of the search takes them, and every hostile text finds its own document.
    for (const [at, { source, metadata }] of documents.entries()) {
      if (metadata.topic === undefined) continue;
      const filter: Filter = { op: "and", filters: [{ op: "eq", column: "topic", value: HOSTILE[at] }] };
      const dense = await nearestPassages(table, table.embedder.description && new Float32Array(32).fill(1), {
        limit: 50,
        filter,
      });
      const words = await matchingPassages(table, "paragraph", { limit: 50, filter });
      assert.deepEqual(dense.map(({ chunk }) => chunk.source), [source]);
      assert.deepEqual(words.map(({ chunk }) => chunk.source), [source]);
    }
  }));

Deno.test("compileFilter() refuses columns and values that cannot be, naming them", () => {
  const compile = (filter: unknown) => () => compileFilter(filter as Filter, COLUMNS);
  assert.throws(
    compile({ op: "eq", column: "nothing", value: 1 }),
    /eq on "nothing": there is no such column; expected one of id, .*topic, language/,
  );
  assert.throws(compile({ op: "eq", column: "__proto__", value: "" }), /there is no such column/);
  assert.throws(compile({ op: "eq", column: "topic` OR true --", value: "" }), /there is no such column/);
  assert.throws(
    compile({ op: "eq", column: "page", value: "1" }),
    /eq on "page": expected a whole number of 32 bits, got "1"/,
  );
  assert.throws(compile({ op: "lt", column: "page", value: 2.5 }), /expected a whole number of 32 bits, got 2.5/);
  assert.throws(
    compile({ op: "lt", column: "page", value: 1e10 }),
    /expected a whole number of 32 bits, got 10000000000/,
  );
  assert.throws(compile({ op: "eq", column: "topic", value: 1 }), /eq on "topic": expected text, got 1/);
  assert.throws(compile({ op: "gt", column: "untrusted", value: "a" }), /true and false have no order/);
  assert.throws(compile({ op: "contains", column: "page", value: "1" }), /expected a column of text/);
});

Deno.test("parseFilter() refuses other shapes", () => {
  for (
    const input of [
      null,
      "topic = 'x'",
      [],
      {},
      { op: "sql", column: "topic" },
      { op: "eq", column: "topic" },
      {
        op: "eq",
        column: "topic",
        value: null,
      },
      { op: "eq", column: "page", value: NaN },
      { op: "and", filters: "x" },
      { op: "and", filters: [{}] },
      {
        op: "not",
      },
      { op: "isNull", column: "topic", value: 1 },
    ]
  ) assert.throws(() => parseFilter(input), { name: "TypeError", message: /^filter: / }, JSON.stringify(input));
  const filter: Filter = { op: "not", filter: { op: "or", filters: [{ op: "in", column: "page", values: [1, 2] }] } };
  assert.deepEqual(parseFilter(filter), filter);
});

/** A filter of conditions in conditions. */
function deep(levels: number): Filter {
  let filter: Filter = { op: "eq", column: "page", value: 1 };
  for (let at = 1; at < levels; at++) {
    const beside: Filter = at % 2 ? { op: "isNull", column: "topic" } : { op: "ne", column: "page", value: at };
    filter = at % 3 ? { op: at % 2 ? "or" : "and", filters: [filter, beside] } : { op: "not", filter };
  }
  return filter;
}

Deno.test("the deepest and the largest filters that are taken are those that LanceDB can work through", () =>
  withTable(async (table) => {
    await ingest(
      table,
      asItems([sampleDocument("a.md", ["One paragraph."], { metadata: { topic: "x199" }, page: 1 })]),
    );
    const count = (filter: Filter) => table.lance.countRows(compileFilter(filter, COLUMNS));
    const row = { topic: "x199", page: 1 };
    assert.equal(await count(deep(MAX_FILTER_DEPTH)), holds(deep(MAX_FILTER_DEPTH), row) ? 1 : 0);
    const wide = (comparisons: number): Filter => ({
      op: "or",
      filters: Array.from({ length: comparisons }, (_, at) => ({ op: "eq", column: "topic", value: `x${at}` })),
    });
    assert.equal(await count(wide(MAX_COMPARISONS)), 1);
    assert.equal(await count({ op: "not", filter: wide(MAX_COMPARISONS) }), 0);
    const values = Array.from({ length: 10_000 }, (_, at) => `x${at}`);
    assert.equal(await count({ op: "in", column: "topic", values }), 1);
    assert.throws(() => compileFilter(deep(MAX_FILTER_DEPTH + 1), COLUMNS), /more than 8 deep/);
    assert.throws(() => compileFilter(deep(100_000), COLUMNS), /more than 8 deep/);
    assert.throws(() => compileFilter(wide(MAX_COMPARISONS + 1), COLUMNS), /more than 200 comparisons/);
    const endless: { op: "not"; filter?: unknown } = { op: "not" };
    endless.filter = endless;
    assert.throws(() => parseFilter(endless), /more than 8 deep/);
  }));
