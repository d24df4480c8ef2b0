import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import pl from "nodejs-polars";
// The files themselves: the folder's face also loads every corpus.
import { loadMedicalO1, type MedicalO1Row } from "../../lib/data/medical_o1.ts";
import { inFolder } from "../support/in_folder.ts";

const REAL = fileURLToPath(new URL("../../../shared/data/medical_o1", import.meta.url));

const rows: MedicalO1Row[] = Array.from({ length: 6 }, (_, i) => ({
  Question: `What helps against thirst number ${i}?`,
  Complex_CoT: `Someone is thirsty.\nWater helps.`,
  Response: `Water, ${i} glasses.`,
}));
const jsonl = (values: unknown[]) => values.map((value) => JSON.stringify(value) + "\n").join("");

/** Runs a test in a folder of its own that holds these files. */
async function withFolder(files: Record<string, string | Uint8Array>, test: (folder: string) => Promise<void>) {
  await inFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(`${folder}/${name}`, content);
      else await Deno.writeFile(`${folder}/${name}`, content);
    }
    await test(folder);
  });
}

function parquet(values: Record<string, unknown>[]): Uint8Array {
  return pl.DataFrame(values).writeParquet() as unknown as Uint8Array;
}

Deno.test("loadMedicalO1() reads the real rows, from JSON Lines, a JSON list and Parquet alike", async () => {
  if (!await Deno.stat(REAL).then(() => true, () => false)) {
    return console.log(`skipped: the real medical-o1 rows are not at ${REAL}`);
  }
  const { rows, badRows, files } = await loadMedicalO1({ source: REAL });
  assert.equal(rows.length, 130);
  assert.deepEqual(badRows, []);
  assert.deepEqual(files, [`${REAL}/train.jsonl`]);
  assert.ok(rows.every((row) => row.Complex_CoT.length > 100 && Object.keys(row).length === 3));
  await withFolder({ "rows.json": JSON.stringify(rows), "rows.parquet": parquet(rows) }, async (folder) => {
    for (const name of ["rows.json", "rows.parquet"]) {
      assert.deepEqual((await loadMedicalO1({ source: `${folder}/${name}` })).rows, rows, name);
    }
  });
});

Deno.test("loadMedicalO1() takes a file whole, and from a folder the file of the part", async () => {
  const list = (values: unknown[]) => JSON.stringify(values, null, 2);
  const files = {
    "medical_o1_sft.json": list(rows.slice(0, 2)),
    "medical_o1_sft_Chinese.json": list(rows.slice(2, 4)),
    "more.parquet": parquet(rows),
    "lines.jsonl": "\ufeff" + jsonl(rows).replaceAll("\n", "\r\n\r\n"),
  };
  await withFolder(files, async (folder) => {
    assert.deepEqual((await loadMedicalO1({ source: folder })).rows, rows.slice(0, 2));
    assert.deepEqual((await loadMedicalO1({ source: folder, subset: "zh" })).rows, rows.slice(2, 4));
    assert.deepEqual((await loadMedicalO1({ source: `${folder}/more.parquet`, subset: "zh" })).rows, rows);
    assert.deepEqual((await loadMedicalO1({ source: `${folder}/lines.jsonl` })).rows, rows);
    await assert.rejects(
      loadMedicalO1({ source: folder, subset: "en_mix" }),
      /expected medical_o1_sft_mix.json, .* found lines.jsonl, more.parquet; name the file that is meant/,
    );
  });
});

Deno.test("loadMedicalO1() finds Parquet shards in the layouts of the hub, in order, and misses none", async () => {
  const halves = [parquet(rows.slice(0, 4)), parquet(rows.slice(4))];
  const layouts = [
    ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"],
    ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
    ["en/train/0000.parquet", "en/train/0001.parquet"],
  ];
  for (const [first, second] of layouts) {
    await withFolder({ [second]: halves[1], [first]: halves[0] }, async (folder) => {
      const found = await loadMedicalO1({ source: folder });
      assert.deepEqual(found.rows, rows);
      assert.deepEqual(found.files, [`${folder}/${first}`, `${folder}/${second}`]);
    });
  }
  await withFolder({ "train-00001-of-00002.parquet": halves[1] }, async (folder) => {
    await assert.rejects(loadMedicalO1({ source: folder }), /holds 1 of the 2 Parquet shards/);
  });
});

const bad: [line: string, problem: RegExp][] = [
  [JSON.stringify({ ...rows[0], Complex_CoT: undefined }), /^Complex_CoT: expected a text, got none$/],
  [JSON.stringify({ ...rows[0], Response: null }), /^Response: expected a text, got none$/],
  [JSON.stringify({ ...rows[0], Question: " \n" }), /^Question: expected a text, got an empty one$/],
  [JSON.stringify({ ...rows[0], Response: 42 }), /^Response: expected a text, got number$/],
  [JSON.stringify({ question: "thirst?" }), /^Question: .*; Complex_CoT: .*; Response: /],
  ['{"Question": "thirst?', /^not JSON: \{"Question": "thirst\?$/],
  ["[1]", /^the row: /],
  [JSON.stringify({ ...rows[0], Response: "water ".repeat(99) }), /^too much water$/],
];
const check = ({ Response }: MedicalO1Row) => Response.length > 500 ? "too much water" : null;

Deno.test('loadMedicalO1() names the first bad row and counts them, or with "skip" lists them all', async () => {
  const lines = jsonl(rows.slice(0, 3)) + bad.map(([line]) => line + "\n").join("") + jsonl(rows.slice(3));
  await withFolder({ "train.jsonl": lines }, async (folder) => {
    await assert.rejects(
      loadMedicalO1({ source: folder, check }),
      /train\.jsonl, line 4: Complex_CoT: expected a text, got none \(8 of 14 rows are bad; onBadRow: "skip" leaves/,
    );
    const found = await loadMedicalO1({ source: folder, onBadRow: "skip", check });
    assert.deepEqual(found.rows, rows);
    assert.deepEqual(found.badRows.map(({ row }) => row), bad.map((_, i) => 4 + i));
    bad.forEach(([, problem], i) => assert.match(found.badRows[i].problem, problem));
  });
});

Deno.test("loadMedicalO1() counts bad rows of lists and Parquet as well, and refuses a file with no row that is right", async () => {
  const halfEmpty = rows.map((row, i) => i % 2 === 0 ? row : { ...row, Response: "" });
  const files = {
    "list.json": JSON.stringify([...rows, null]),
    "rows.parquet": parquet(halfEmpty),
    "other.jsonl": jsonl([{ instruction: "x", output: "y" }]),
    "none.jsonl": "\n",
  };
  await withFolder(files, async (folder) => {
    const list = await loadMedicalO1({ source: `${folder}/list.json`, onBadRow: "skip" });
    assert.deepEqual([list.rows.length, list.badRows[0].row], [6, 7]);
    const table = await loadMedicalO1({ source: `${folder}/rows.parquet`, onBadRow: "skip" });
    assert.deepEqual(table.badRows.map(({ row }) => row), [2, 4, 6]);
    await assert.rejects(
      loadMedicalO1({ source: `${folder}/other.jsonl`, onBadRow: "skip" }),
      /other\.jsonl, line 1: .*1 of 1 rows is bad; expected the columns Question, Complex_CoT and Response/,
    );
    await assert.rejects(loadMedicalO1({ source: `${folder}/none.jsonl` }), /none\.jsonl: there are no rows/);
  });
});

Deno.test("loadMedicalO1() shuffles by the seed before it takes as many as are wanted", async () => {
  await withFolder({ "train.jsonl": jsonl(rows) }, async (folder) => {
    const read = async (shuffleSeed?: number, limit?: number) =>
      (await loadMedicalO1({ source: folder, shuffleSeed, limit })).rows;
    assert.deepEqual(await read(undefined, 2), rows.slice(0, 2));
    assert.deepEqual(await read(3, 4), (await read(3)).slice(0, 4));
    assert.notDeepEqual(await read(3), await read(4));
    assert.deepEqual(new Set((await read(3)).map(({ Question }) => Question)), new Set(rows.map((r) => r.Question)));
    await assert.rejects(loadMedicalO1({ source: folder, limit: 1.5 }), /limit is 1.5: expected a whole number/);
  });
});

Deno.test("loadMedicalO1() says what it cannot read", async () => {
  const files = { "rows.csv": "a,b\n", "broken.json": "[1,", "object.json": '{"a": 1}', "lines.json": jsonl(rows) };
  await withFolder({ ...files, "broken.parquet": "PAR1?" }, async (folder) => {
    const cases: [string, RegExp][] = [
      [`${folder}/rows.csv`, /rows\.csv is neither \.jsonl, \.json nor \.parquet/],
      [`${folder}/broken.json`, /broken\.json is not JSON/],
      [`${folder}/lines.json`, /lines\.json is not JSON .*; if each line is a row, call the file \.jsonl/],
      [`${folder}/object.json`, /object\.json: expected a JSON list of rows, got \{"a": 1\}/],
      [`${folder}/broken.parquet`, /broken\.parquet cannot be read as Parquet/],
      [`${folder}/none/at/all`, /none\/at\/all does not exist: expected a \.jsonl, .* or a hub id/],
    ];
    for (const [source, message] of cases) await assert.rejects(loadMedicalO1({ source }), message);
  });
});

Deno.test("loadMedicalO1() downloads the file of the part from the hub", async () => {
  const asked: string[] = [];
  const body = new TextEncoder().encode(JSON.stringify(rows));
  const server = Deno.serve({ port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const headers = { "x-repo-commit": "c0ffee", etag: '"1"', "content-length": String(body.length) };
    return new Response(request.method === "HEAD" ? null : body, { headers });
  });
  await inFolder(async (cacheFolder) => {
    const hub = { endpoint: `http://localhost:${server.addr.port}`, cacheFolder };
    const found = await loadMedicalO1({ source: "someone/medical", subset: "zh_mix", hub });
    assert.deepEqual(found.rows, rows);
    assert.ok(
      asked.every((path) =>
        path === "/datasets/someone/medical/resolve/main/medical_o1_sft_mix_Chinese.json" ||
        path === "/datasets/someone/medical/resolve/c0ffee/medical_o1_sft_mix_Chinese.json"
      ),
      asked.join(),
    );
  });
  await server.shutdown();
});

Deno.test("loadMedicalO1() never fails otherwise than with its own words, whatever the lines hold", async () => {
  await inFolder(async (folder) => {
    const source = `${folder}/train.jsonl`;
    const value = fc.oneof(fc.string(), fc.jsonValue(), fc.constantFrom(...rows));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 6 }), async (values) => {
        const lines = values.map((value) => typeof value === "string" ? value : JSON.stringify(value));
        await Deno.writeTextFile(source, lines.join("\n"));
        const outcome = await loadMedicalO1({ source, onBadRow: "skip" }).catch((error: Error) => error.message);
        if (typeof outcome === "string") assert.ok(outcome.startsWith(source), outcome);
        else assert.ok(outcome.rows.length > 0);
      }),
      { numRuns: 100 },
    );
  });
});
