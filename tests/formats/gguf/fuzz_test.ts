import assert from "node:assert/strict";
import fc from "fast-check";
import { GgufError } from "../../../lib/formats/gguf/format.ts";
import { openGguf } from "../../../lib/formats/gguf/read.ts";
import { GOLDEN } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { entry, fileOf, join, tensor, text, u32, u64 } from "./gguf_bytes.ts";

const f32Type = 0, q8Type = 8;

Deno.test("openGguf() refuses a header that lies, and says how", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lies.gguf`;
    const one = tensor("a", [8], f32Type, 0);
    const huge = 2n ** 64n - 1n;
    const arrayOf = (items: number, length: number | bigint, ...values: Uint8Array[]) =>
      entry("k", 9, u32(items), u64(length), ...values);
    for (
      const [bytes, message] of [
        [new Uint8Array(0), /cut off or not a GGUF file: it has 0 bytes/],
        [new Uint8Array(7), /it has 7 bytes/],
        [fileOf({ magic: "GGML" }), /not a GGUF file: it begins with "GGML", expected "GGUF"/],
        [fileOf({ version: 1 }), /GGUF version 1; 2 and 3 are read/],
        [fileOf({ version: 4 }), /GGUF version 4/],
        [fileOf({ version: 0 }), /GGUF version 0/],
        [fileOf({ version: 3 << 24 }), /big-endian; only little-endian/],
        [fileOf({ entryCount: huge }), /a claimed Infinity metadata entries would take Infinity bytes/],
        [fileOf({ entryCount: 1e15 }), /a claimed 1000000000000000 metadata entries/],
        [fileOf({ tensorCount: huge }), /a claimed Infinity tensors/],
        [fileOf({ tensorCount: 2, tensors: [one] }), /cut off or damaged/],
        [fileOf({ entries: [text("k", huge)] }), /the key of metadata entry 1 would take Infinity bytes/],
        [fileOf({ entries: [text("k", 2 ** 40), new Uint8Array(9)] }), /would take 1099511627776 bytes/],
        [fileOf({ entries: [entry("k", 13, u64(0))] }), /"k" has a type with the number 13; expected 0 to 12/],
        [fileOf({ entries: [entry("k", 8, u64(huge))] }), /metadata "k" would take Infinity bytes/],
        [fileOf({ entries: [entry("k", 8, text(Uint8Array.of(0xff, 0xfe)))] }), /metadata "k" is not UTF-8/],
        [fileOf({ entries: [entry("k", 7, Uint8Array.of(2))] }), /"k" has a boolean 2; expected 0 or 1/],
        [fileOf({ entries: [arrayOf(9, 1, u32(4), u64(1), u32(1))] }), /"k" is an array of arrays/],
        [fileOf({ entries: [arrayOf(4, huge)] }), /metadata "k", Infinity of u32 would take/],
        [fileOf({ entries: [arrayOf(0, 2 ** 50)] }), /metadata "k", 1125899906842624 of u8 would take/],
        [fileOf({ entries: [arrayOf(12, 2 ** 51)] }), /of f64 would take/],
        [fileOf({ entries: [arrayOf(8, 2 ** 51)] }), /metadata "k", 2251799813685248 of string, would take/],
        [fileOf({ entries: [arrayOf(7, 2, Uint8Array.of(1, 3))] }), /"k" has a boolean 3/],
        [fileOf({ entries: [entry("k", 4, u32(1)), entry("k", 4, u32(1))] }), /metadata "k" occurs twice/],
        [
          fileOf({ entries: [entry("general.alignment", 4, u32(0))] }),
          /is u32 0; expected a u32 that is a power of two/,
        ],
        [fileOf({ entries: [entry("general.alignment", 4, u32(48))] }), /is u32 48/],
        [fileOf({ entries: [entry("general.alignment", 10, u64(32))] }), /is u64 "32"/],
        [fileOf({ entries: [entry("general.alignment", 9, u32(4), u64(0))] }), /is array; expected/],
        [fileOf({ tensors: [one, one], dataBytes: 64 }), /has two tensors "a"/],
        [fileOf({ tensors: [one, tensor("b", [8], f32Type, 0)], dataBytes: 64 }), /"b" overlaps the one before/],
        [
          fileOf({ tensors: [tensor("b", [9], f32Type, 0), tensor("a", [8], f32Type, 32)], dataBytes: 96 }),
          /"a" overlaps/,
        ],
        [fileOf({ tensors: [one], dataBytes: 31 }), /cut off: tensor "a" would end at byte \d+, the file has/],
        [fileOf({ tensors: [tensor("a", [8], f32Type, 32)], dataBytes: 32 }), /cut off: tensor "a"/],
        [
          fileOf({ tensors: [tensor("a", [8], f32Type, 8)], dataBytes: 64 }),
          /begins at byte 8 of the data; expected a multiple/,
        ],
        [fileOf({ tensors: [tensor("a", [8], f32Type, huge)], dataBytes: 64 }), /begins at byte Infinity/],
        [
          fileOf({ tensors: [tensor("a", [8], f32Type, 2 ** 53 - 32)], dataBytes: 64 }),
          /cut off: tensor "a" would end/,
        ],
        [fileOf({ tensors: [tensor("a", [8], 4, 0)], dataBytes: 64 }), /its type has the number 4.*llama-quantize/],
        [fileOf({ tensors: [tensor("a", [8], 2 ** 32 - 1, 0)], dataBytes: 64 }), /its type has the number 4294967295/],
        [
          fileOf({ tensors: [tensor("a", [33], q8Type, 0)], dataBytes: 64 }),
          /its rows have 33 weights; Q8_0 stores 32/,
        ],
        [fileOf({ tensors: [tensor("a", [0], f32Type, 0)] }), /its shape is \[0\]; expected whole numbers from 1/],
        [
          fileOf({ tensors: [tensor("a", [2n ** 32n, 2n ** 32n], f32Type, 0)] }),
          /its shape is \[4294967296,4294967296\]/,
        ],
        [fileOf({ tensors: [tensor("a", [huge], f32Type, 0)] }), /its shape is \[Infinity\]/],
        [fileOf({ tensors: [tensor("a", [2n ** 52n], f32Type, 0)] }), /cut off: tensor "a" would end/],
        [fileOf({ tensors: [tensor("a", [], f32Type, 0)], dataBytes: 32 }), /has 0 dimensions; expected 1 to 4/],
        [fileOf({ tensors: [tensor("a", [1, 1, 1, 1, 1], f32Type, 0)], dataBytes: 32 }), /has 5 dimensions/],
        [fileOf({ tensors: [join(text("a"), u32(2 ** 32 - 1))], dataBytes: 32 }), /has 4294967295 dimensions/],
      ] as [Uint8Array, RegExp][]
    ) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(openGguf(path), (error) => {
        assert.ok(error instanceof GgufError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path) && error.message.length < path.length + 400, error.message);
        return true;
      });
    }
    await Deno.writeFile(path, fileOf({ version: 2, tensors: [one], dataBytes: 32 }));
    const file = await openGguf(path);
    assert.equal(file.version, 2);
    assert.deepEqual(await file.readF32("a"), new Float32Array(8));
    file.close();
  }));

Deno.test("openGguf() refuses a sparse file of a terabyte that claims to be all header, without reading it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/sparse.gguf`;
    const bytes = fileOf({ entries: [entry("k", 9, u32(0), u64(2 ** 38))] });
    await Deno.writeFile(path, bytes);
    try {
      await Deno.truncate(path, 2 ** 40);
    } catch {
      return console.log("skipped: the disk holds no sparse files");
    }
    await assert.rejects(openGguf(path), /would make its header longer than 268435456 bytes/);
  }));

Deno.test("openGguf() refuses a file cut off after any of its bytes", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cut.gguf`;
    const whole = await Deno.readFile(`${GOLDEN}gguf/written.gguf`);
    const opened = await openGguf(`${GOLDEN}gguf/written.gguf`);
    const last = [...opened.tensors.values()].at(-1)!;
    opened.close();
    const lengths = Array.from({ length: last.byteOffset + last.byteLength }, (_, length) => length);
    for (const length of lengths.filter((length) => length < 100 || length % 5 === 0)) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assert.rejects(openGguf(path), (error) => error instanceof GgufError && /cut off/.test(error.message));
    }
  }));

Deno.test("openGguf() reads or refuses a damaged file with one class of error", () =>
  inFolder(async (folder) => {
    const path = `${folder}/damaged.gguf`;
    const wholes = await Promise.all(
      ["written", "read_only"].map((name) => Deno.readFile(`${GOLDEN}gguf/${name}.gguf`)),
    );
    const damage = fc.record({
      whole: fc.constantFrom(...wholes),
      changes: fc.array(
        fc.tuple(fc.nat(1400), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255))),
        { minLength: 1, maxLength: 8 },
      ),
      length: fc.option(fc.nat(2900)),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ whole, changes, length }) => {
        const bytes = whole.slice(0, length ?? undefined);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        await Deno.writeFile(path, bytes);
        try {
          const file = await openGguf(path);
          try {
            for (const [name, { byteOffset, byteLength }] of file.tensors) {
              assert.ok(byteOffset + byteLength <= bytes.length);
              await file.readF32(name).catch((error) => assert.ok(error instanceof GgufError, String(error)));
            }
          } finally {
            file.close();
          }
        } catch (error) {
          assert.ok(error instanceof GgufError, String(error));
          assert.ok(error.message.length < path.length + 500);
        }
      }),
      { numRuns: 400 },
    );
  }));
