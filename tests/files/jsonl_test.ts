import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { DiskFullError, eachJsonl, JsonlError, jsonlWriter, readJsonl } from "../../lib/files/mod.ts";
import { failingFileSystem } from "./failing_file_system.ts";

const schema = z.object({ step: z.number() });

async function withFile(contents: string | Uint8Array, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/metrics.jsonl`;
  try {
    await Deno.writeFile(path, typeof contents === "string" ? new TextEncoder().encode(contents) : contents);
    await run(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readJsonl() reads rows with CRLF, blank lines, a byte order mark and no last line end", () =>
  withFile('\ufeff{"step":1}\r\n\n{"step":2,"more":3}', async (path) => {
    assert.deepEqual(await readJsonl(path, schema), { rows: [{ step: 1 }, { step: 2 }] });
  }));

Deno.test("readJsonl() reports a torn last line and keeps the rows before it", () =>
  withFile('{"step":1}\n{"step":2', async (path) => {
    assert.deepEqual(await readJsonl(path, schema), { rows: [{ step: 1 }], torn: { line: 2, text: '{"step":2' } });
  }));

Deno.test("readJsonl() names file, line and what was expected when a line is broken", async () => {
  await withFile('{"step":1}\n{"step":\n{"step":3}\n', async (path) => {
    await assert.rejects(readJsonl(path, schema), (error) => {
      assert.ok(error instanceof JsonlError);
      assert.equal(error.line, 2);
      assert.match(error.message, /metrics\.jsonl, line 2: not JSON: \{"step":\. Expected one JSON value/);
      return true;
    });
  });
  await withFile('{"step":1}\n\n{"step":"two"}', async (path) => {
    await assert.rejects(readJsonl(path, schema), (error) => {
      assert.ok(error instanceof JsonlError);
      assert.match(error.message, /line 3: step: .*expected number/);
      return true;
    });
  });
  await withFile(new Uint8Array([0x22, 0xff, 0x22, 10]), async (path) => {
    await assert.rejects(readJsonl(path, z.string()), /line 1: not UTF-8/);
  });
});

Deno.test("eachJsonl() finds the same rows when lines cross the chunks of the file", async () => {
  const rows = Array.from({ length: 50 }, (_, step) => ({ step, text: "é".repeat(step * 97) }));
  await withFile(rows.map((row) => JSON.stringify(row)).join("\n") + "\n", async (path) => {
    const found = [];
    for await (const row of eachJsonl(path, z.object({ step: z.number(), text: z.string() }))) found.push(row);
    assert.deepEqual(found, rows);
    // Stopping early closes the file: the test's resource check would tell.
    for await (const row of eachJsonl(path, schema)) if (row.step === 3) break;
  });
});

Deno.test("jsonlWriter() writes what readJsonl() reads, in the order of the calls", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.jsonValue())), (rounds) =>
      withFile("", async (path) => {
        for (const rows of rounds) {
          const writer = await jsonlWriter(path);
          await Promise.all(rows.map((row) => writer.write(row)));
          await writer.close();
          await writer.close();
        }
        const { rows, torn } = await readJsonl(path, z.unknown());
        assert.equal(torn, undefined);
        assert.equal(JSON.stringify(rows), JSON.stringify(rounds.flat()));
      })),
    { numRuns: 20 },
  ));

Deno.test("jsonlWriter() removes a torn last line, and ends a whole one, before appending", async () => {
  for (
    const [before, rows] of [
      ['{"step":1}\n{"st', [1, 9]],
      ['{"step":1}\n{"step":2}', [1, 2, 9]],
      ["", [9]],
      ['{"st', [9]],
    ] as const
  ) {
    await withFile(before, async (path) => {
      const writer = await jsonlWriter(path);
      await writer.write({ step: 9 });
      await writer.close();
      assert.deepEqual((await readJsonl(path, schema)).rows, rows.map((step) => ({ step })));
    });
  }
});

Deno.test("jsonlWriter() leaves no half row when any operation finds the disk full, and goes on when there is room", () =>
  withFile("", async (path) => {
    for (let failAt = 0;; failAt++) {
      await Deno.writeTextFile(path, '{"step":0}\n');
      let failures = 0;
      const fileSystem = failingFileSystem(failAt);
      try {
        const writer = await jsonlWriter(path, { fileSystem });
        try {
          for (let step = 1; step <= 3; step++) {
            try {
              await writer.write({ step });
            } catch (error) {
              assert.ok(error instanceof DiskFullError && error.message.includes(path), String(error));
              failures++;
            }
          }
        } finally {
          await writer.close();
        }
      } catch (error) {
        assert.ok(error instanceof DiskFullError && error.message.includes(path), String(error));
        failures++;
      }
      const { rows, torn } = await readJsonl(path, schema);
      assert.equal(torn, undefined);
      assert.equal(rows[0].step, 0);
      if (fileSystem.operations() <= failAt) {
        assert.equal(failures, 0);
        assert.equal(rows.length, 4);
        assert.ok(failAt >= 6, `only ${failAt} operations could fail`);
        break;
      }
      assert.equal(failures, 1);
    }
  }));

Deno.test("jsonlWriter() refuses a row without a JSON form and a row after close", () =>
  withFile("", async (path) => {
    const writer = await jsonlWriter(path);
    await assert.rejects(async () => await writer.write(undefined), /no JSON form/);
    await writer.close();
    await assert.rejects(async () => await writer.write({ step: 1 }), /closed/);
    assert.equal(await Deno.readTextFile(path), "");
  }));
