import assert from "node:assert/strict";
import { encodeEvent, type HistogramMessage } from "../../lib/tensorboard/event.ts";
import { histogramOf } from "../../lib/tensorboard/histogram.ts";
import { tfRecord } from "../../lib/tensorboard/tfrecord.ts";
import { GOLDEN, goldenJson } from "../support/golden.ts";
import { inFolder } from "../support/in_folder.ts";
import { FIRST_RUN, RESUMED, RESUMED_AT, writeExampleRun } from "./example_run.ts";
import { decodeEvent, readRecords, scalarsOf } from "./read_events.ts";

const FOLDER = `${GOLDEN}tensorboard`;

/** What TensorBoard found: numbers that JSON lacks are text. */
type Points = [step: number, value: number | string][];

interface Read {
  legacy: { scalars: Record<string, Points>; histograms: Record<string, Record<string, number | number[]>[]> };
  current: { scalars: Record<string, Points>; histograms: Record<string, [step: number, buckets: number[][]][]> };
}

const read = await goldenJson<{ torch: Read; kiln: Read }>("tensorboard/read.json");

/** The same points as this program writes them to compare. */
function asText(points: Points): string[] {
  return points.map(([step, value]) =>
    `${step}: ${typeof value === "string" ? Number(value.replace("inf", "Infinity")) : value}`
  );
}

function asTexts(scalars: Record<string, Points>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(scalars).map(([tag, points]) => [tag, asText(points)]));
}

Deno.test("encodeEvent() and tfRecord() write torch's SummaryWriter's records byte for byte", async () => {
  const bytes = await Deno.readFile(`${FOLDER}/torch.tfevents`);
  const records = readRecords(bytes);
  assert.equal(records.length, 15);
  let offset = 0;
  for (const record of records) {
    const again = tfRecord(encodeEvent(decodeEvent(record)));
    assert.deepEqual(again, bytes.subarray(offset, offset + again.length));
    offset += again.length;
  }
  assert.equal(offset, bytes.length);
});

Deno.test("encodeEvent() writes a scalar from its numbers as torch does", async () => {
  const records = readRecords(await Deno.readFile(`${FOLDER}/torch.tfevents`));
  const wallTime = 1700000000.25;
  const value = [{ tag: "train/rewards/ünïcode 😀/mean", simpleValue: 0.5 }];
  const ours = encodeEvent({ wallTime, step: 2 ** 40, summary: { value } });
  assert.ok(records.some((record) => record.join() === ours.join()));
});

Deno.test("the events of torch's file are those that TensorBoard reads from it", async () => {
  const events = readRecords(await Deno.readFile(`${FOLDER}/torch.tfevents`)).map(decodeEvent);
  assert.deepEqual(asTexts(scalarsOf(events)), asTexts(read.torch.legacy.scalars));
  const histograms = events.flatMap(({ step, summary }) =>
    (summary?.value ?? []).flatMap(({ tag, histo }) => histo ? [{ tag, step, histo }] : [])
  );
  assert.deepEqual(histograms.map(({ tag }) => tag), Object.keys(read.torch.legacy.histograms));
  for (const { tag, step, histo } of histograms) {
    const [{ step: itsStep, ...fields }] = read.torch.legacy.histograms[tag];
    assert.equal(step, itsStep);
    assert.deepEqual({ min: 0, max: 0, sum: 0, sum_squares: 0, ...legacyNames(histo) }, fields);
  }
});

function legacyNames({ sumSquares, bucketLimit, ...rest }: HistogramMessage): Record<string, number | number[]> {
  const present = { ...rest, sum_squares: sumSquares, bucket_limit: bucketLimit };
  return Object.fromEntries(Object.entries(present).filter(([, value]) => value !== undefined));
}

Deno.test("createEventFile() writes the files from which TensorBoard made the golden reading", () =>
  inFolder(async (folder) => {
    const [begun, resumed] = await writeExampleRun(folder);
    assert.ok(begun < resumed);
    assert.deepEqual(await Deno.readFile(begun), await Deno.readFile(`${FOLDER}/kiln_begun.tfevents`));
    assert.deepEqual(await Deno.readFile(resumed), await Deno.readFile(`${FOLDER}/kiln_resumed.tfevents`));
  }));

Deno.test("TensorBoard reads from Kiln's files what was written, less what a resumed run took back", () => {
  const kept = [
    ...FIRST_RUN.slice(0, RESUMED_AT - 1).map((values, index) => ({ step: index + 1, ...values })),
    ...RESUMED.map((values, index) => ({ step: RESUMED_AT + index, ...values })),
  ];
  const scalars: Record<string, Points> = {};
  const [legacy, current]: [Read["legacy"]["histograms"], Read["current"]["histograms"]] = [{}, {}];
  for (const { step, ...values } of kept) {
    for (const [tag, value] of Object.entries(values.scalars ?? {})) {
      (scalars[tag] ??= []).push([step, Math.fround(value)]);
    }
    for (const [tag, numbers] of Object.entries(values.histograms ?? {})) {
      const histo = histogramOf(numbers);
      if (!histo) continue;
      (legacy[tag] ??= []).push({ step, ...legacyNames(histo) });
      (current[tag] ??= []).push([step, bucketRows(histo)]);
    }
  }
  for (const reading of [read.kiln.legacy, read.kiln.current]) {
    assert.deepEqual(asTexts(reading.scalars), asTexts(scalars));
  }
  assert.deepEqual(read.kiln.legacy.histograms, legacy);
  assert.deepEqual(read.kiln.current.histograms, current);
});

/** Today's form: left edge, right edge and count, in single precision, the outer edges at the smallest and largest value. */
function bucketRows({ min, max, bucketLimit, bucket }: HistogramMessage): number[][] {
  const last = bucket.length - 1;
  return bucket.map((count, i) =>
    [i === 0 ? min : bucketLimit[i - 1], i === last ? max : bucketLimit[i], count].map(Math.fround)
  );
}
