import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { cutJsonl, DiskFullError, jsonlWriter } from "../../lib/files/mod.ts";
import { inFolder } from "../support/in_folder.ts";
import { Crash, crashingFileSystem } from "./crashing_file_system.ts";
import { failingFileSystem } from "./failing_file_system.ts";
import { recordingFileSystem } from "./recording_file_system.ts";

const schema = z.object({ step: z.number() });

Deno.test("cutJsonl() keeps the bytes before the first unwanted row, and nothing of a torn last line", () =>
  inFolder(async (folder) => {
    const path = `${folder}/rows.jsonl`;
    for (
      const [before, after, kept, removed] of [
        ['{"step":1}\n{"step":2}\n{"step":3}\n', '{"step":1}\n{"step":2}\n', 2, 1],
        ['\ufeff{"step": 1.0}\r\n\n{"step":3}\n{"step":1}\n', '\ufeff{"step": 1.0}\r\n', 1, 2],
        ['{"step":1}\n{"st', '{"step":1}\n', 1, 1],
        ['{"step":3}\n{"st', "", 0, 2],
        ['{"step":1}\n{"step":2}', '{"step":1}\n{"step":2}', 2, 0],
        ["", "", 0, 0],
      ] as const
    ) {
      await Deno.writeTextFile(path, before);
      assert.deepEqual(await cutJsonl(path, schema, ({ step }) => step <= 2), { kept, removed });
      assert.equal(await Deno.readTextFile(path), after);
    }
    assert.deepEqual(await cutJsonl(`${folder}/none.jsonl`, schema, () => true), { kept: 0, removed: 0 });
    await assert.rejects(Deno.stat(`${folder}/none.jsonl`), Deno.errors.NotFound);
  }));

Deno.test("cutJsonl() refuses a broken row before the cut and leaves the file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/rows.jsonl`;
    const text = '{"step":1}\n{"stop":2}\n{"step":3}\n';
    await Deno.writeTextFile(path, text);
    await assert.rejects(cutJsonl(path, schema, () => true), /rows\.jsonl, line 2: step: /);
    assert.equal(await Deno.readTextFile(path), text);
  }));

Deno.test("cutJsonl() undoes whatever was appended, wherever the file was torn", () =>
  inFolder((folder) =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.jsonValue()), fc.nat(), async (first, second, tear) => {
        const path = `${folder}/rows.jsonl`;
        await Deno.writeTextFile(path, "");
        const append = async (rows: readonly unknown[], step: number) => {
          const writer = await jsonlWriter(path);
          for (const value of rows) await writer.write({ step, value });
          await writer.close();
        };
        await append(first, 1);
        const wanted = await Deno.readFile(path);
        await append(second, 2);
        const { size } = await Deno.stat(path);
        await Deno.truncate(path, Math.max(wanted.length, size - tear % 40));
        await cutJsonl(path, schema, ({ step }) => step === 1);
        assert.deepEqual(await Deno.readFile(path), wanted);
      }),
      { numRuns: 50 },
    )
  ));

Deno.test("cutJsonl() leaves the old file or the cut one when the disk fails or the process is killed at any operation", () =>
  inFolder(async (folder) => {
    const path = `${folder}/rows.jsonl`;
    const [before, after] = ['{"step":1}\n{"step":2}\n{"st', '{"step":1}\n'];
    for (const fileSystemAt of [failingFileSystem, crashingFileSystem]) {
      for (let at = 0;; at++) {
        await Deno.writeTextFile(path, before);
        const fileSystem = fileSystemAt(at);
        try {
          await cutJsonl(path, schema, ({ step }) => step === 1, { fileSystem });
        } catch (error) {
          assert.ok(error instanceof Crash || error instanceof DiskFullError, String(error));
        }
        assert.ok([before, after].includes(await Deno.readTextFile(path)));
        if (fileSystem.operations() <= at) {
          assert.ok(at >= 2);
          assert.equal(await Deno.readTextFile(path), after);
          break;
        }
      }
    }
  }));

Deno.test("cutJsonl() flushes the cut, and touches a file that needs none only to read it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/rows.jsonl`;
    await Deno.writeTextFile(path, '{"step":1}\n{"step":2}\n');
    const fileSystem = recordingFileSystem();
    await cutJsonl(path, schema, ({ step }) => step <= 2, { fileSystem });
    assert.deepEqual(fileSystem.log, []);
    await cutJsonl(path, schema, ({ step }) => step <= 1, { fileSystem });
    assert.deepEqual(fileSystem.log, [`truncate ${path}`, `sync ${path}`]);
  }));
