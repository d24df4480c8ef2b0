import assert from "node:assert/strict";
import fc from "fast-check";
import { DiskFullError } from "../../../lib/files/mod.ts";
import { GgufError, type GgufTensorType, writableTypes } from "../../../lib/formats/gguf/format.ts";
import {
  bool,
  bools,
  f32,
  f32s,
  f64,
  type GgufValue,
  i16,
  i32,
  i32s,
  i64,
  i8,
  text,
  texts,
  u16,
  u32,
  u32s,
  u64,
  u8,
} from "../../../lib/formats/gguf/metadata_values.ts";
import { openGguf } from "../../../lib/formats/gguf/read.ts";
import { type GgufTensorToWrite, writeGguf } from "../../../lib/formats/gguf/write.ts";
import { openSafetensors } from "../../../lib/models/mod.ts";
import { failingFileSystem } from "../../files/failing_file_system.ts";
import { GOLDEN } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { goldenMetadata } from "./golden_content.ts";

const golden = await openSafetensors(`${GOLDEN}gguf/blocks.safetensors`);
const weights = await golden.readF32("weights");
golden.close();

/** The first columns of rows 0, 1 and 8, as the golden files hold them. */
function goldenRows(columns: number): Float32Array {
  return Float32Array.from([0, 1, 8].flatMap((row) => [...weights.subarray(row * 512, row * 512 + columns)]));
}

const small = (type: GgufTensorType, rows: number, columns: number, name = "a"): GgufTensorToWrite => ({
  name,
  type,
  shape: [rows, columns],
  data: () => Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i) * 0.1),
});

Deno.test("writeGguf() writes gguf-py's file to the byte when the content is the same", () =>
  inFolder(async (folder) => {
    const path = `${folder}/written.gguf`;
    await writeGguf(path, {
      metadata: { "general.architecture": text("test"), "general.alignment": u32(64), ...goldenMetadata },
      tensors: writableTypes.map((type) => {
        const columns = type.endsWith("_K") ? 256 : type.startsWith("Q") ? 32 : 7;
        return { name: type, type, shape: [3, columns], data: () => goldenRows(columns) };
      }),
    });
    assert.deepEqual(await Deno.readFile(path), await Deno.readFile(`${GOLDEN}gguf/written.gguf`));
  }));

Deno.test("writeGguf() writes what openGguf() reads when metadata and shapes are any", () =>
  inFolder(async (folder) => {
    const path = `${folder}/any.gguf`;
    const int = (min: number, max: number) => fc.integer({ min, max });
    const float = fc.float({ noNaN: true });
    const value: fc.Arbitrary<GgufValue> = fc.oneof(
      int(0, 255).map(u8),
      int(-128, 127).map(i8),
      int(0, 65535).map(u16),
      int(-32768, 32767).map(i16),
      int(0, 2 ** 32 - 1).map(u32),
      int(-(2 ** 31), 2 ** 31 - 1).map(i32),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(u64),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(i64),
      float.map(f32),
      fc.double({ noNaN: true }).map(f64),
      fc.boolean().map(bool),
      fc.string({ unit: "grapheme" }).map(text),
      fc.array(fc.string({ unit: "binary" })).map(texts),
      fc.array(fc.boolean()).map(bools),
      fc.array(int(-(2 ** 31), 2 ** 31 - 1)).map(i32s),
      fc.array(int(0, 2 ** 32 - 1)).map(u32s),
      fc.array(float).map(f32s),
    );
    const content = fc.record({
      metadata: fc.dictionary(fc.stringMatching(/^[a-z0-9_.]{1,20}$/), value, { noNullPrototype: true }),
      shapes: fc.uniqueArray(
        fc.record({
          name: fc.stringMatching(/^[a-z0-9.]{1,63}$/),
          shape: fc.array(int(1, 5), { minLength: 1, maxLength: 4 }),
        }),
        { selector: ({ name }) => name, maxLength: 5 },
      ),
      alignment: fc.constantFrom(undefined, 1, 8, 32, 4096),
    });
    await fc.assert(
      fc.asyncProperty(content, async ({ metadata, shapes, alignment }) => {
        const entries = new Map(Object.entries(metadata));
        if (alignment !== undefined) entries.set("general.alignment", u32(alignment));
        const tensors = shapes.map(({ name, shape }): GgufTensorToWrite => ({
          name,
          type: "F32",
          shape,
          data: () => Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i + shape.length),
        }));
        await writeGguf(path, { metadata: entries, tensors });
        const file = await openGguf(path);
        assert.deepEqual([...file.metadata], [...entries]);
        assert.equal(file.alignment, alignment ?? 32);
        assert.deepEqual(
          [...file.tensors.values()].map(({ name, shape }) => [name, shape]),
          shapes.map(({ name, shape }) => [name, shape]),
        );
        for (const { name, data } of tensors) assert.deepEqual(await file.readF32(name), data());
        file.close();
      }),
      { numRuns: 60 },
    );
  }));

Deno.test("writeGguf() gives the same bytes when more threads quantize, and tells how far it is", () =>
  inFolder(async (folder) => {
    // More than one piece of 2^20 weights each, the last one smaller.
    const tensors = [small("Q4_K", 1500, 1024, "a"), small("Q6_K", 1100, 1024, "b"), small("Q8_0", 3, 32, "c")];
    const files: Uint8Array[] = [];
    for (const workers of [0, 1, 3]) {
      const told: [number, number, string][] = [];
      const path = `${folder}/${workers}.gguf`;
      await writeGguf(path, { metadata: {}, tensors }, { workers, onProgress: (...step) => void told.push(step) });
      files.push(await Deno.readFile(path));
      const total = 2600 * 1024 + 96;
      assert.deepEqual(told, [
        [1 << 20, total, "a"],
        [1500 * 1024, total, "a"],
        [1500 * 1024 + (1 << 20), total, "b"],
        [2600 * 1024, total, "b"],
        [total, total, "c"],
      ]);
    }
    assert.deepEqual(files[1], files[0]);
    assert.deepEqual(files[2], files[0]);
  }));

Deno.test("writeGguf() asks for one tensor at a time, in their order", () =>
  inFolder(async (folder) => {
    const log: string[] = [];
    const tensors = ["a", "b", "c"].map((name): GgufTensorToWrite => ({
      ...small("Q8_0", 2, 32, name),
      data: async () => {
        log.push(name);
        await new Promise((resolve) => setTimeout(resolve, 1));
        return new Float32Array(64);
      },
    }));
    await writeGguf(`${folder}/f.gguf`, { metadata: {}, tensors }, {
      onProgress: (_done, _total, name) => void log.push(`${name} done`),
    });
    assert.deepEqual(log, ["a", "a done", "b", "b done", "c", "c done"]);
  }));

Deno.test("writeGguf() refuses content that no reader takes, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    const path = `${folder}/bad.gguf`;
    const with1 = (value: number, type: GgufTensorType): GgufTensorToWrite => ({
      ...small(type, 2, 32),
      data: () => new Float32Array(64).fill(0.5).with(40, value),
    });
    for (
      const [tensors, metadata, message] of [
        [[small("F32", 1, 2), small("F32", 1, 2)], {}, /two tensors are called "a"/],
        [[small("F32", 1, 2, "x".repeat(64))], {}, /its name has 64 bytes; llama\.cpp has room for 1 to 63/],
        [[small("F32", 1, 2, "")], {}, /its name has 0 bytes/],
        [[small("Q4_K", 2, 128)], {}, /its rows have 128 weights; Q4_K stores 256.*Choose Q8_0 or Q5_0/],
        [[small("Q8_0", 2, 33)], {}, /Q8_0 stores 32 together, expected a multiple\. Choose F16/],
        [[{ ...small("F32", 1, 2), type: "Q3_K" as GgufTensorType }], {}, /type "Q3_K"; expected F32, F16/],
        [[{ ...small("F32", 1, 2), shape: [] }], {}, /shape \[\]; expected 1 to 4 whole numbers/],
        [[{ ...small("F32", 1, 2), shape: [1, 1, 1, 1, 2] }], {}, /expected 1 to 4/],
        [[{ ...small("F32", 1, 2), shape: [0] }], {}, /whole numbers from 1/],
        [
          [{ ...small("F32", 1, 2), shape: [1, 3] }],
          {},
          /"a" gives 2 numbers; its shape \[1,3\] takes a Float32Array of 3/,
        ],
        [[with1(NaN, "F32")], {}, /weight 40 is NaN; expected finite weights/],
        [[with1(-Infinity, "BF16")], {}, /weight 40 is -Infinity; expected finite/],
        [[with1(NaN, "Q8_0")], {}, /weight 40 is NaN/],
        [[with1(70000, "F16")], {}, /weight 40 is 70000; F16 holds weights up to 65504\. Choose F32 or BF16/],
        [[with1(-1e10, "Q4_0")], {}, /weight 40 is -10000000000; Q4_0 holds/],
        [[], { "spaces are not allowed": u32(1) }, /expected a key of letters/],
        [[], { "": u32(1) }, /expected a key/],
        [[], { "general.alignment": u32(24) }, /a u32 that is a power of two/],
      ] as [GgufTensorToWrite[], Record<string, GgufValue>, RegExp][]
    ) {
      await assert.rejects(writeGguf(path, { metadata, tensors }), (error) => {
        assert.ok(error instanceof GgufError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path));
        return true;
      });
    }
    await writeGguf(path, { metadata: {}, tensors: [with1(70000, "F32")] });
    await assert.rejects(
      writeGguf(path, {
        metadata: {},
        tensors: [small("F32", 1, 2), { ...small("F32", 1, 2, "b"), data: () => Promise.reject(new Error("gone")) }],
      }),
      /gone/,
    );
    const kept = await openGguf(path);
    assert.equal((await kept.readF32("a"))[40], 70000);
    kept.close();
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["bad.gguf"]);
    for (const [make, value] of [[u8, 256], [i8, -129], [u32, -1], [i32, 2 ** 31], [u16, 0.5], [u32, NaN]] as const) {
      assert.throws(() => make(value), /RangeError: .*expected a whole number from/);
    }
    assert.throws(() => text("a\ud800"), /holds half a surrogate pair/);
    assert.throws(() => texts(["", "\udc00"]), RangeError);
    assert.throws(() => u64(-1n), RangeError);
    assert.throws(() => i32s([0, 2 ** 31]), RangeError);
  }));

Deno.test("writeGguf() stops between two pieces when it is aborted, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    for (const workers of [0, 2]) {
      const controller = new AbortController();
      let pieces = 0;
      const write = writeGguf(`${folder}/f.gguf`, { metadata: {}, tensors: [small("Q4_K", 3072, 1024)] }, {
        workers,
        signal: controller.signal,
        onProgress: () => {
          if (++pieces === 1) controller.abort();
        },
      });
      await assert.rejects(write, { name: "AbortError" });
      assert.equal(pieces, 1);
      assert.deepEqual([...Deno.readDirSync(folder)], []);
      await assert.rejects(writeGguf(`${folder}/f.gguf`, { metadata: {}, tensors: [] }, { signal: controller.signal }));
    }
  }));

Deno.test("writeGguf() leaves the old file or the whole new one when an operation on disk fails", () =>
  inFolder(async (folder) => {
    const path = `${folder}/f.gguf`;
    const tensors = [small("Q8_0", 2, 32)];
    await writeGguf(path, { metadata: { version: u32(1) }, tensors });
    const old = await Deno.readFile(path);
    for (let failAt = 0;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      try {
        await writeGguf(path, { metadata: { version: u32(2) }, tensors }, { fileSystem });
        assert.ok(failAt > 5);
        break;
      } catch (error) {
        assert.ok(error instanceof DiskFullError, String(error));
        assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["f.gguf"]);
        const now = await openGguf(path);
        assert.deepEqual(Object.fromEntries(now.metadata).version.type, "u32");
        now.close();
      }
    }
    assert.notDeepEqual(await Deno.readFile(path), old);
  }));
