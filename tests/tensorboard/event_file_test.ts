import assert from "node:assert/strict";
import fc from "fast-check";
import { DiskFullError } from "../../lib/files/mod.ts";
import { crc32c } from "../../lib/tensorboard/crc32c.ts";
import { encodeEvent } from "../../lib/tensorboard/event.ts";
import { histogramOf } from "../../lib/tensorboard/histogram.ts";
import { createEventFile } from "../../lib/tensorboard/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { Crash, crashingFileSystem } from "../files/crashing_file_system.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { inFolder } from "../support/in_folder.ts";
import { decodeEvent, eventFilesIn, readEvents, readRecords, scalarsOf } from "./read_events.ts";
import { anyText } from "../support/any_text.ts";

Deno.test("crc32c() gives the published check values", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  // RFC 3720, B.4.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
});

Deno.test("encodeEvent() leaves out zeros where that is what 0 means, and never a value that is 0", () => {
  const [scalar, histogram] = [{ tag: "loss", simpleValue: 0 }, { tag: "advantages", histo: histogramOf([0, 0])! }];
  const bytes = encodeEvent({ wallTime: 2, step: 0, summary: { value: [scalar, histogram] } });
  assert.deepEqual(decodeEvent(bytes), {
    wallTime: 2,
    summary: { value: [scalar, { tag: "advantages", histo: { num: 2, bucketLimit: [0.5], bucket: [2] } }] },
  } as unknown);
});

Deno.test("createEventFile() writes any numbers under any names, in single precision", () =>
  inFolder((folder) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            step: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
            scalars: fc.dictionary(anyText(), fc.double(), { noNullPrototype: true }),
          }),
          { maxLength: 5 },
        ),
        async (steps) => {
          const file = await createEventFile(folder);
          await Promise.all(steps.map(({ step, scalars }) => file.write(step, { scalars })));
          await file.close();
          const expected = steps.flatMap(({ step, scalars }) =>
            Object.entries(scalars).map(([tag, value]) => [tag.toWellFormed(), step, Math.fround(value)])
          );
          const found = (await readEvents(file.path)).flatMap(({ step = 0, summary }) =>
            (summary?.value ?? []).map(({ tag = "", simpleValue }) => [tag, step, simpleValue])
          );
          assert.deepEqual(found, expected);
        },
      ),
      { numRuns: 100 },
    )
  ));

Deno.test("createEventFile() gives each file of a folder a later name, even within a second or with the clock set back", () =>
  inFolder(async (folder) => {
    const paths: string[] = [];
    for (const clock of [5000, 5000, 1000, 9000]) {
      const file = await createEventFile(`${folder}/runs`, { now: () => clock });
      await file.close();
      paths.push(file.path);
    }
    assert.deepEqual(eventFilesIn(`${folder}/runs`), paths);
    assert.match(paths[0], /\/events\.out\.tfevents\.0000000005\.[^/]+\.\d+\.0$/);
  }));

Deno.test("histogramOf() counts every finite value in the bucket whose limits hold it", () => {
  const numbers = fc.oneof(
    fc.array(fc.double(), { minLength: 1 }),
    fc.array(fc.integer(), { minLength: 1 }),
    fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
    fc.array(fc.double({ min: -3, max: 3 }), { minLength: 1 }),
  );
  fc.assert(fc.property(numbers, (values) => {
    const finite = values.filter(Number.isFinite);
    const histogram = histogramOf(values);
    if (finite.length === 0) return assert.equal(histogram, undefined);
    const { min, max, num, sum, bucketLimit, bucket } = histogram!;
    assert.equal(num, finite.length);
    assert.equal(min, Math.min(...finite));
    assert.equal(max, Math.max(...finite));
    assert.equal(sum, finite.reduce((total, value) => total + value, 0));
    assert.ok(bucket.length >= 1 && bucket.length <= 30 && bucketLimit.length === bucket.length);
    for (const [i, limit] of bucketLimit.entries()) {
      const before = i === 0 ? -Infinity : bucketLimit[i - 1];
      assert.ok(limit >= before);
      assert.equal(bucket[i], finite.filter((value) => value > before && value <= limit).length);
    }
  }));
});

Deno.test("histogramOf() ends with the largest value, however the buckets' widths are rounded", () => {
  const random = new Random("rounding");
  let rounded = 0;
  for (let i = 0; i < 1000; i++) {
    const [min, max] = [random.uniform(-1, 0), random.uniform(0, 1)];
    if (min + (max - min) / 30 * 30 !== max) rounded++;
    const { bucketLimit, bucket } = histogramOf([min, max])!;
    assert.equal(bucketLimit.at(-1), max);
    assert.deepEqual(bucket, [1, ...new Array(28).fill(0), 1]);
  }
  assert.ok(rounded > 10, `${rounded} of 1000 are rounded`);
});

Deno.test("histogramOf() gives whole numbers buckets that hold equally many of them", () => {
  const lengths = Array.from({ length: 40 }, (_, i) => 10 + i);
  assert.deepEqual(histogramOf(lengths)!.bucket, new Array(20).fill(2));
  assert.deepEqual(histogramOf([3, 4, 4, 6])!.bucket, [1, 2, 0, 1]);
});

/** Writes four steps and says which of them were promised to be in the file. */
async function writeSteps(folder: string, fileSystem: ReturnType<typeof failingFileSystem>) {
  const written: number[] = [];
  const errors: unknown[] = [];
  let path = "";
  try {
    const file = await createEventFile(folder, { fileSystem });
    path = file.path;
    for (let step = 1; step <= 4; step++) {
      try {
        await file.write(step, { scalars: { "train/loss": step } });
        written.push(step);
      } catch (error) {
        errors.push(error);
      }
    }
    await file.close();
  } catch (error) {
    errors.push(error);
  }
  return { written, errors, path };
}

Deno.test("an event file says that the disk is full, keeps no half record, and goes on when there is room", () =>
  inFolder(async (folder) => {
    for (let failAt = 0;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      const { written, errors, path } = await writeSteps(`${folder}/${failAt}`, fileSystem);
      if (path !== "") {
        const bytes = await Deno.readFile(path);
        assert.equal(readRecords(bytes).reduce((sum, record) => sum + 16 + record.length, 0), bytes.length);
        const steps = (scalarsOf(await readEvents(path))["train/loss"] ?? []).map(([step]) => step);
        assert.deepEqual(steps, written);
        for (const error of errors) {
          assert.ok(error instanceof DiskFullError && error.message.includes(path), String(error));
        }
      }
      if (fileSystem.operations() <= failAt) {
        assert.deepEqual(written, [1, 2, 3, 4]);
        assert.ok(failAt > 8, `only ${failAt} operations`);
        break;
      }
      assert.equal(errors.length, 1);
    }
  }));

Deno.test("an event file of a killed process has every step that was promised, and readers skip what was torn", () =>
  inFolder(async (folder) => {
    for (let killAt = 0;; killAt++) {
      const fileSystem = crashingFileSystem(killAt);
      const { written, errors, path } = await writeSteps(`${folder}/${killAt}`, fileSystem);
      assert.ok(errors.every((error) => error instanceof Crash));
      if (path !== "") {
        const steps = (scalarsOf(await readEvents(path))["train/loss"] ?? []).map(([step]) => step);
        assert.deepEqual(steps, written);
      }
      if (fileSystem.operations() <= killAt) break;
    }
  }));
