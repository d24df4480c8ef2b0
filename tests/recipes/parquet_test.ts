import assert from "node:assert/strict";
import fc from "fast-check";
import pl from "nodejs-polars";
import { toParquet } from "../../lib/recipes/parquet.ts";
import { inFolder } from "../support/in_folder.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });
const row = fc.record({
  name: text,
  count: fc.maxSafeInteger(),
  record: fc.record({ style: text, index: fc.integer() }),
  messages: fc.array(fc.record({ role: text, content: text }), { maxLength: 4 }),
});
const plainRecord = ({ record: { style, index } }: { record: { style: string; index: number } }) => ({ style, index });
const schema = {
  name: "string",
  messages: { listOf: ["role", "content"] },
  count: "int64",
  record: { record: { style: "string", index: "int64" } },
} as const;

Deno.test("toParquet() writes what polars reads back, whatever the texts and however many records a list has", () =>
  inFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        await Deno.writeFile(`${folder}/rows.parquet`, toParquet(rows, schema));
        const read = pl.readParquet(`${folder}/rows.parquet`);
        assert.deepEqual(read.columns, ["name", "messages", "count", "record"]);
        assert.deepEqual(read.getColumn("name").toArray(), rows.map(({ name }) => name));
        assert.deepEqual(read.getColumn("count").toArray().map(Number), rows.map(({ count }) => count));
        const records = read.select("record").unnest("record").toRecords();
        assert.deepEqual(records.map(({ style, index }) => ({ style, index: Number(index) })), rows.map(plainRecord));
        // polars for JavaScript hands out no records within lists: their lengths, then all of them in a row.
        const lengths = read.select(pl.col("messages").lst.lengths().alias("length")).getColumn("length").toArray();
        assert.deepEqual(lengths.map(Number), rows.map(({ messages }) => messages.length));
        const flat: Record<string, unknown>[] = read.select("messages").explode("messages").unnest("messages")
          .toRecords();
        const nothing = { role: null, content: null };
        const expected = rows.flatMap(({ messages }): unknown[] => messages.length === 0 ? [nothing] : messages);
        assert.deepEqual(flat, expected.map((record) => ({ ...record as object })));
      }),
      { numRuns: 30 },
    );
  }));

Deno.test("toParquet() names row and column of a value that is not of its type", () => {
  const good = { name: "a", count: 1, record: { style: "", index: 0 }, messages: [] };
  const bad = { ...good, messages: [{ role: "user", content: 7 }] };
  assert.throws(
    () => toParquet([good, bad], schema),
    /row 1, messages\.list\.element\.content: expected string, got 7/,
  );
  assert.throws(() => toParquet([{ ...good, count: 0.5 }], schema), /row 0, count: expected int64, got 0\.5/);
});
