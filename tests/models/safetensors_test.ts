import assert from "node:assert/strict";
import fc from "fast-check";
import {
  narrowToBfloat16,
  narrowToFloat16,
  openCheckpoint,
  openSafetensors,
  SafetensorsError,
  type TensorToWrite,
  widenBfloat16,
  widenFloat16,
  writeCheckpoint,
  writeSafetensors,
} from "../../lib/models/safetensors.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { anyText } from "../support/any_text.ts";
import { inFolder } from "../support/in_folder.ts";

const golden = new URL("../golden/safetensors/every_dtype.safetensors", import.meta.url).pathname;

Deno.test("openSafetensors() reads every dtype of a file that the reference implementation wrote", async () => {
  const file = await openSafetensors(golden);
  assert.deepEqual(file.metadata, { format: "pt" });
  assert.equal(file.names.length, 16);
  assert.deepEqual(file.info("i32"), { name: "i32", dtype: "I32", shape: [2, 3], byteOffset: 19656, byteLength: 24 });
  assert.deepEqual(await file.read("i64"), BigInt64Array.of(2n ** 62n, -1n));
  assert.deepEqual(await file.read("z.f64"), Float64Array.of(1.5, -2.5, 1e300, Math.PI));
  assert.deepEqual(await file.readF32("z.f64"), Float32Array.of(1.5, -2.5, Infinity, Math.fround(Math.PI)));
  assert.deepEqual(await file.read("i32"), Int32Array.of(-3, -2, -1, 0, 1, 2));
  assert.deepEqual(await file.read("i16"), Int16Array.of(-32768, 32767));
  assert.deepEqual(await file.read("i8"), Int8Array.of(-128, 127, 0));
  assert.deepEqual(await file.read("u8"), Uint8Array.of(0, 255));
  assert.deepEqual(await file.read("bool"), Uint8Array.of(1, 0, 1));
  assert.deepEqual(file.info("scalar").shape, []);
  assert.deepEqual(await file.read("scalar"), Float32Array.of(7));
  assert.deepEqual(await file.readF32("empty"), new Float32Array(0));
  assert.deepEqual(await file.read("ключ 鍵 🔑"), Int32Array.of(1));
  await assert.rejects(file.readF32("i32"), /tensor "i32" is I32, expected F32, F16, BF16 or F64/);
  await assert.rejects(file.read("lm_head"), /every_dtype\.safetensors: has no tensor "lm_head"/);
  file.close();
  await assert.rejects(file.read("i32"), /closed/);
});

Deno.test("readF32() gives float16 and bfloat16 their exact values, whatever the order of overlapping reads", async () => {
  const file = await openSafetensors(golden);
  const [half, bfloat, halfBits, bfloatBits] = await Promise.all([
    file.readF32("half.float16"),
    file.readF32("half.bfloat16"),
    file.read("half.float16"),
    file.read("half.bfloat16"),
  ]);
  file.close();
  assert.ok(halfBits instanceof Uint16Array && bfloatBits instanceof Uint16Array);
  assert.deepEqual(half, Float32Array.from(new Float16Array(halfBits.buffer as ArrayBuffer)));
  assert.deepEqual(new Uint32Array(bfloat.buffer), Uint32Array.from(bfloatBits, (bits) => bits * 65536));
});

Deno.test("widenFloat16() and widenBfloat16() are exact for all 65,536 bit patterns, and narrowing brings each back", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const view = new DataView(all.buffer);
  const wide = new Float32Array(65536);
  widenFloat16(all, new Uint32Array(wide.buffer));
  const back = new Uint16Array(65536);
  narrowToFloat16(wide, back);
  for (let bits = 0; bits < 65536; bits++) {
    assert.ok(Object.is(wide[bits], view.getFloat16(bits * 2, true)), `float16 ${bits}`);
    assert.ok(Number.isNaN(wide[bits]) || back[bits] === bits, `float16 ${bits}`);
  }
  widenBfloat16(all, new Uint32Array(wide.buffer));
  narrowToBfloat16(wide, back);
  for (let bits = 0; bits < 65536; bits++) {
    // A NaN stays one, but a signalling NaN becomes quiet.
    assert.equal(back[bits], Number.isNaN(wide[bits]) ? bits | 0x40 : bits);
  }
});

Deno.test("writeSafetensors() writes the bytes of the reference implementation, also from float32", () =>
  inFolder(async (folder) => {
    const file = await openSafetensors(golden);
    const source = await file.readF32("half.source");
    const tensors: TensorToWrite[] = file.names.toReversed().map((name) => {
      const { dtype, shape } = file.info(name);
      const data = name.startsWith("half.") ? source : () => file.read(name);
      return { name, dtype, shape, data };
    });
    await writeSafetensors(`${folder}/copy.safetensors`, tensors, file.metadata);
    file.close();
    assert.deepEqual(await Deno.readFile(`${folder}/copy.safetensors`), await Deno.readFile(golden));
  }));

Deno.test("writeSafetensors() and openSafetensors() agree on any tensors", () =>
  inFolder(async (folder) => {
    const tensors = fc.uniqueArray(
      fc.record({
        name: anyText().filter((name) => name !== "__metadata__"),
        shape: fc.array(fc.nat(4), { maxLength: 4 }),
        dtype: fc.constantFrom("F32", "I64", "U8", "F16"),
      }),
      { selector: ({ name }) => name },
    );
    const metadata = fc.dictionary(fc.string(), fc.string());
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (tensors, metadata) => {
        const path = `${folder}/any.safetensors`;
        const classes = { F32: Float32Array, I64: BigInt64Array, U8: Uint8Array, F16: Uint16Array };
        const filled: TensorToWrite[] = tensors.map(({ name, shape, dtype }, i) => {
          const data = new classes[dtype as keyof typeof classes](shape.reduce((a, b) => a * b, 1));
          if (data instanceof BigInt64Array) data.fill(BigInt(i));
          else data.fill(i);
          return { name, shape, dtype: dtype as keyof typeof classes, data };
        });
        await writeSafetensors(path, filled, metadata);
        const file = await openSafetensors(path);
        try {
          assert.equal(file.names.length, filled.length);
          assert.deepEqual({ ...file.metadata }, { ...metadata });
          for (const { name, shape, dtype, data } of filled) {
            assert.deepEqual(file.info(name).shape, shape);
            assert.equal(file.info(name).dtype, dtype);
            assert.deepEqual(await file.read(name), data);
          }
        } finally {
          file.close();
        }
      }),
      { numRuns: 50 },
    );
  }));

Deno.test("writeSafetensors() refuses tensors that are not what they claim, and leaves no file", () =>
  inFolder(async (folder) => {
    const one = { name: "a", dtype: "F32", shape: [2], data: new Float32Array(2) } as const;
    for (
      const [tensors, message] of [
        [[one, one], /two tensors are called "a"/],
        [[{ ...one, shape: [3] }], /"a" has 2 numbers; shape \[3\] takes 3/],
        [[{ ...one, data: new Uint16Array(2) }], /"a" is a Uint16Array; for F32 expected Float32Array/],
        [[{ ...one, dtype: "BF16", data: new Int32Array(2) }], /for BF16 expected Uint16Array or Float32Array/],
        [[{ ...one, shape: [-2] }], /shape \[-2\]/],
        [[{ ...one, name: "__metadata__" }], /two tensors are called "__metadata__"/],
      ] as [TensorToWrite[], RegExp][]
    ) {
      await assert.rejects(writeSafetensors(`${folder}/x.safetensors`, tensors), { name: "TypeError", message });
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    }
  }));

Deno.test("writeCheckpoint() splits by size, openCheckpoint() reads it back, and a smaller save leaves no old shard", () =>
  inFolder(async (folder) => {
    const tensors = ["embed", "layers.0", "layers.1", "norm"].map((name, i) => ({
      name,
      dtype: "F32" as const,
      shape: [10],
      data: new Float32Array(10).fill(i),
    }));
    const names = await writeCheckpoint(folder, tensors, { maxShardBytes: 100 });
    assert.deepEqual(names, [
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ]);
    const index = JSON.parse(await Deno.readTextFile(`${folder}/model.safetensors.index.json`));
    assert.deepEqual(index.metadata, { total_size: 160 });
    assert.equal(index.weight_map["layers.1"], "model-00002-of-00002.safetensors");
    for (const files of [3, 1]) {
      const checkpoint = await openCheckpoint(folder);
      assert.deepEqual(checkpoint.names, ["embed", "layers.0", "layers.1", "norm"]);
      for (const { name, data } of tensors) assert.deepEqual(await checkpoint.readF32(name), data);
      await assert.rejects(checkpoint.readF32("lm_head"), SafetensorsError);
      checkpoint.close();
      assert.equal([...Deno.readDirSync(folder)].length, files);
      if (files === 3) assert.deepEqual(await writeCheckpoint(folder, tensors), ["model.safetensors"]);
    }
  }));

Deno.test("writeCheckpoint() leaves the weights before it readable when any operation finds the disk full", () =>
  inFolder(async (folder) => {
    const weights = (value: number) => [
      { name: "w", dtype: "BF16" as const, shape: [4], data: new Float32Array(4).fill(value) },
    ];
    await writeCheckpoint(folder, weights(1));
    for (let failAt = 0;; failAt++) {
      let failed = false;
      try {
        await writeCheckpoint(folder, weights(2), { fileSystem: failingFileSystem(failAt) });
      } catch (error) {
        failed = true;
        assert.match(
          String(error),
          /DiskFullError: The disk is full: could not write .*model\.safetensors \(\d+ bytes/,
        );
      }
      const checkpoint = await openCheckpoint(folder);
      const [value] = await checkpoint.readF32("w");
      checkpoint.close();
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["model.safetensors"]);
      if (!failed) {
        assert.equal(value, 2);
        assert.ok(failAt >= 6);
        break;
      }
      assert.ok(value === 1 || value === 2);
      await writeCheckpoint(folder, weights(1));
    }
  }));
