import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import pl from "nodejs-polars";
import { goldAnswer, type Gsm8kRow, loadGsm8k, parseNumber } from "../../lib/data/mod.ts";

const REAL = fileURLToPath(new URL("../../../shared/data/gsm8k", import.meta.url));
const realIsThere = await Deno.stat(REAL).then(() => true, () => false);

function realRows(name: string, test: () => Promise<void>) {
  Deno.test(name, async () => {
    if (!realIsThere) return console.log(`skipped: the real GSM8K rows are not at ${REAL}`);
    await test();
  });
}

const rows: Gsm8kRow[] = Array.from({ length: 6 }, (_, i) => ({
  question: `What is ${i} and 1?`,
  answer: `${i}+1=<<${i}+1=${i + 1}>>${i + 1}\n#### ${i + 1}`,
}));
const jsonl = (values: unknown[]) => values.map((value) => JSON.stringify(value) + "\n").join("");

/** Runs a test in a folder of its own that holds these files. */
async function withFolder(files: Record<string, string | Uint8Array>, test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(`${folder}/${name}`, content);
      else await Deno.writeFile(`${folder}/${name}`, content);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function parquet(values: Record<string, unknown>[]): Uint8Array {
  return pl.DataFrame(values).writeParquet() as unknown as Uint8Array;
}

realRows("loadGsm8k() reads the real train split with its known counts", async () => {
  const { rows, badRows, files } = await loadGsm8k({ source: REAL });
  assert.equal(rows.length, 7473);
  assert.deepEqual(badRows, []);
  assert.deepEqual(files, [`${REAL}/train.jsonl`]);
  const golds = rows.map((row) => goldAnswer(row.answer));
  assert.equal(golds.filter((gold) => gold.includes(",")).length, 79);
  assert.equal(golds.filter((gold) => gold.startsWith("-")).length, 3);
  assert.ok(golds.every((gold) => Number.isInteger(parseNumber(gold))));
});

realRows("loadGsm8k() reads the real test rows that are there", async () => {
  const { rows, badRows } = await loadGsm8k({ source: REAL, split: "test" });
  assert.equal(rows.length, 400);
  assert.deepEqual(badRows, []);
  assert.equal(rows.filter((row) => goldAnswer(row.answer).includes(",")).length, 4);
});

realRows("loadGsm8k() gives the same rows from Parquet as from JSONL", async () => {
  const { rows } = await loadGsm8k({ source: REAL, split: "test" });
  await withFolder({ "main/test-00000-of-00001.parquet": parquet(rows) }, async (folder) => {
    assert.deepEqual((await loadGsm8k({ source: folder, split: "test" })).rows, rows);
  });
});

Deno.test("loadGsm8k() takes a file whole, and from a folder the file of the split", async () => {
  const files = {
    "train.jsonl": jsonl(rows.slice(0, 4)),
    "test.jsonl": "\ufeff" + jsonl(rows.slice(4)).replaceAll("\n", "\r\n\r\n"),
    "more.parquet": parquet(rows),
  };
  await withFolder(files, async (folder) => {
    assert.deepEqual((await loadGsm8k({ source: folder })).rows, rows.slice(0, 4));
    assert.deepEqual((await loadGsm8k({ source: folder, split: "test" })).rows, rows.slice(4));
    assert.deepEqual((await loadGsm8k({ source: `${folder}/more.parquet`, split: "test" })).rows, rows);
  });
});

Deno.test("loadGsm8k() joins shards in order and misses none", async () => {
  const shards = {
    "main/train-00001-of-00002.parquet": parquet(rows.slice(3)),
    "main/train-00000-of-00002.parquet": parquet(rows.slice(0, 3)),
    "main/test-00000-of-00002.parquet": parquet(rows),
  };
  await withFolder(shards, async (folder) => {
    assert.deepEqual((await loadGsm8k({ source: folder })).rows, rows);
    await assert.rejects(loadGsm8k({ source: folder, split: "test" }), /holds 1 of the 2 shards of test.parquet/);
  });
});

Deno.test("loadGsm8k() shuffles by seed, then limits", async () => {
  await withFolder({ "train.jsonl": jsonl(rows) }, async (source) => {
    const shuffled = (await loadGsm8k({ source, shuffleSeed: 7 })).rows;
    assert.notDeepEqual(shuffled, rows);
    assert.deepEqual(new Set(shuffled.map((row) => row.question)), new Set(rows.map((row) => row.question)));
    assert.deepEqual((await loadGsm8k({ source, shuffleSeed: 7, limit: 2 })).rows, shuffled.slice(0, 2));
    assert.deepEqual((await loadGsm8k({ source, limit: 2 })).rows, rows.slice(0, 2));
    assert.deepEqual((await loadGsm8k({ source, limit: 0 })).rows, []);
    assert.equal((await loadGsm8k({ source, limit: 99 })).rows.length, 6);
    await assert.rejects(loadGsm8k({ source, limit: -1 }), /limit is -1/);
  });
});

Deno.test("loadGsm8k() names file and line of bad rows, or skips and lists them", async () => {
  const text = [
    JSON.stringify(rows[0]),
    "",
    '{"question": "half a li',
    JSON.stringify({ question: "?" }),
    JSON.stringify({ question: " ", answer: "#### 1" }),
    JSON.stringify({ question: "?", answer: "The result is 3" }),
    JSON.stringify({ question: "?", answer: "#### three" }),
    JSON.stringify([1]),
    "null",
    JSON.stringify(rows[1]),
  ].join("\n");
  await withFolder({ "train.jsonl": text }, async (folder) => {
    const file = `${folder}/train.jsonl`;
    await assert.rejects(loadGsm8k({ source: folder }), (error: Error) => {
      assert.ok(error.message.startsWith(`${file}, line 3: not JSON: `), error.message);
      assert.match(error.message, /7 of 9 rows are bad; onBadRow: "skip"/);
      return true;
    });
    const { rows: read, badRows } = await loadGsm8k({ source: folder, onBadRow: "skip" });
    assert.deepEqual(read, rows.slice(0, 2));
    assert.deepEqual(badRows.map((bad) => [bad.file, bad.row]), [3, 4, 5, 6, 7, 8, 9].map((line) => [file, line]));
    assert.match(badRows[1].problem, /^answer: .*expected string/);
    assert.match(badRows[2].problem, /^question: expected a text/);
    assert.match(badRows[3].problem, /^answer: expected worked steps and a last line "#### NUMBER"/);
    assert.match(badRows[5].problem, /^the row: .*expected object/);
  });
});

Deno.test("loadGsm8k() names the row of a Parquet file, and a file that is none", async () => {
  const withNull = [rows[0], { question: null, answer: rows[1].answer }];
  await withFolder({ "train.parquet": parquet(withNull), "test.parquet": "PAR1 not really PAR1" }, async (folder) => {
    await assert.rejects(loadGsm8k({ source: folder }), /train\.parquet, row 2: question: .*1 of 2 rows is bad/);
    await assert.rejects(loadGsm8k({ source: folder, split: "test" }), /test\.parquet cannot be read as Parquet: /);
  });
});

Deno.test("loadGsm8k() downloads a hub id once, then reads it from the cache", async () => {
  const file = parquet(rows);
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    if (!pathname.endsWith("/main/train-00000-of-00001.parquet")) {
      return new Response(null, { status: 404, headers: { "x-error-code": "EntryNotFound" } });
    }
    const headers = { "x-repo-commit": "c0ffee", etag: '"1"', "content-length": `${file.length}` };
    return new Response(request.method === "HEAD" ? null : file as Uint8Array<ArrayBuffer>, { headers });
  });
  await withFolder({}, async (cacheFolder) => {
    const hub = { endpoint: `http://127.0.0.1:${server.addr.port}`, cacheFolder, token: "" };
    const first = await loadGsm8k({ source: "openai/gsm8k", hub });
    assert.deepEqual(first.rows, rows);
    assert.ok(first.files[0].startsWith(cacheFolder));
    assert.ok(asked.every((line) => line.includes("/datasets/openai/gsm8k/")), asked.join());
    const requests = asked.length;
    assert.deepEqual(await loadGsm8k({ source: "openai/gsm8k", hub }), first);
    assert.equal(asked.length, requests);
    await assert.rejects(
      loadGsm8k({ source: "openai/gsm8k", split: "test", hub }),
      /main\/test-00000-of-00001\.parquet/,
    );
  });
  await server.shutdown();
});

Deno.test("loadGsm8k() says what a source may be when there is nothing to read", async () => {
  await withFolder({ "notes.txt": "x" }, async (folder) => {
    await assert.rejects(loadGsm8k({ source: folder }), /has no train file: expected train\.jsonl or train\.parquet/);
    await assert.rejects(loadGsm8k({ source: `${folder}/notes.txt` }), /neither \.jsonl nor \.parquet/);
    await assert.rejects(loadGsm8k({ source: `${folder}/train.jsonl` }), /does not exist: expected/);
    await assert.rejects(loadGsm8k({ source: "data/none.jsonl" }), /does not exist: expected/);
  });
});

Deno.test("loadGsm8k() survives any file: rows, or an error that names it", async () => {
  const folder = await Deno.makeTempDir();
  const good = new TextEncoder().encode(jsonl(rows));
  const goodParquet = parquet(rows);
  const damaged = fc.record({
    kind: fc.constantFrom("jsonl", "parquet"),
    at: fc.nat(),
    bytes: fc.uint8Array({ maxLength: 8 }),
    cut: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(damaged, async ({ kind, at, bytes, cut }) => {
      const content = (kind === "jsonl" ? good : goodParquet).slice();
      const offset = at % content.length;
      content.set(bytes.subarray(0, content.length - offset), offset);
      const file = `${folder}/train.${kind}`;
      await Deno.writeFile(file, cut ? content.subarray(0, offset) : content);
      try {
        const { rows: read, badRows } = await loadGsm8k({ source: file, onBadRow: "skip" });
        assert.ok(read.every((row) => parseNumber(goldAnswer(row.answer)) !== null));
        assert.ok(badRows.every((bad) => bad.file === file && bad.row >= 1));
      } catch (error) {
        assert.ok(error instanceof Error && error.message.includes(file), String(error));
      }
    }),
    { numRuns: 200 },
  );
  await Deno.remove(folder, { recursive: true });
});
