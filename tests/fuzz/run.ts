/**
 * The process that mutates and reads: apart from the tests, so that a reader that hangs or takes all memory takes this
 * process along and no other. Before each input it writes the input's name to a file, for whoever finds it dead.
 *
 * Arguments: JSON of {@link RunOptions}. Prints one line of JSON, a {@link RunReport}.
 */
import { Random } from "../../lib/random/mod.ts";
import { withTinyModel } from "../support/tiny_model.ts";
import { adapters } from "./adapter_subject.ts";
import { configSubjects } from "./config_subjects.ts";
import { judge } from "./judge.ts";
import { residentBytes } from "./memory.ts";
import { checkpointFolders, safetensorsSubjects } from "./safetensors_subjects.ts";
import type { Input, Subject } from "./subject.ts";
import { tokenizerSubjects } from "./tokenizer_subjects.ts";

export interface RunOptions {
  /** The same seed mutates the same way on every machine. */
  seed: number;
  /** Inputs in all. */
  count: number;
  /** One input, as `kind#index`, which is shown as well. */
  only?: string;
  /** For readers that need a disk. */
  folder: string;
}

/** What was found, by kind. */
export interface KindReport {
  kind: string;
  refused: number;
  read: number;
  seconds: number;
}

export interface RunReport {
  kinds: KindReport[];
  /** Inputs that made a reader fail in another way than it should, with what happened. */
  crashes: string[];
  /** Inputs that took longer than {@link mostMilliseconds}. */
  hangs: string[];
  /** The highest use of memory during the run above that before it. */
  growthBytes: number;
  slowest: { input: string; milliseconds: number };
}

/** An input that takes longer is a hang: they take a millisecond. */
const mostMilliseconds = 3000;

const options: RunOptions = JSON.parse(Deno.args[0]);
const report: RunReport = {
  kinds: [],
  crashes: [],
  hangs: [],
  growthBytes: 0,
  slowest: { input: "", milliseconds: 0 },
};
let current = "";
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  report.crashes.push(`${current}: a promise was rejected and nobody looked: ${event.reason}`);
});
const progress = Deno.openSync(`${options.folder}/progress`, { write: true, create: true });

await withTinyModel(async (model) => {
  const subjects: Subject[] = [
    ...safetensorsSubjects,
    checkpointFolders(options.folder),
    ...tokenizerSubjects,
    ...configSubjects,
    adapters(model, options.folder),
  ];
  const random = new Random(options.seed);
  if (options.only !== undefined) return await runOnly(subjects, random, options.only);
  // What is loaded and compiled once is no growth.
  for (const subject of subjects) await runKind(subject, random, 1_000_050, 1_000_000);
  report.crashes = [];
  report.hangs = [];
  const before = residentBytes().now;
  const shares = subjects.reduce((sum, { share }) => sum + share, 0);
  let done = 0;
  for (const [i, subject] of subjects.entries()) {
    const isLast = i === subjects.length - 1;
    const count = isLast ? options.count - done : Math.floor(options.count * subject.share / shares);
    report.kinds.push(await runKind(subject, random, count));
    done += count;
  }
  report.growthBytes = residentBytes().highest - before;
  console.log(JSON.stringify(report));
});

async function runKind(subject: Subject, random: Random, end: number, first = 0): Promise<KindReport> {
  const start = performance.now();
  const tally = { kind: subject.kind, refused: 0, read: 0, seconds: 0 };
  const stream = random.fork(subject.kind);
  for (let index = first; index < end; index++) {
    current = `${subject.kind}#${index}`;
    progress.seekSync(0, Deno.SeekMode.Start);
    progress.writeSync(new TextEncoder().encode(current.padEnd(60)));
    const input = subject.make(stream.fork(index), index);
    const began = performance.now();
    const outcome = await readOne(input);
    let milliseconds = performance.now() - began;
    // Once more before it is called slow: this machine has other work too.
    if (milliseconds > mostMilliseconds) {
      const again = performance.now();
      await readOne(input);
      milliseconds = Math.min(milliseconds, performance.now() - again);
    }
    if (milliseconds > report.slowest.milliseconds) report.slowest = { input: current, milliseconds };
    if (milliseconds > mostMilliseconds) report.hangs.push(`${current} took ${Math.round(milliseconds)} ms`);
    if (outcome === "read" || outcome === "refused") tally[outcome]++;
    else report.crashes.push(`${current}: ${outcome}`);
  }
  tally.seconds = (performance.now() - start) / 1000;
  return tally;
}

async function readOne(input: Input): Promise<string> {
  let thrown: { error: unknown } | undefined;
  try {
    await input.read();
  } catch (error) {
    thrown = { error };
  }
  return judge(input, thrown);
}

async function runOnly(subjects: Subject[], random: Random, only: string): Promise<void> {
  const [kind, index] = only.split("#");
  const subject = subjects.find((subject) => subject.kind === kind);
  if (subject === undefined) {
    throw new Error(`no kind "${kind}"; there are ${subjects.map(({ kind }) => kind).join(", ")}`);
  }
  const input = subject.make(random.fork(kind).fork(Number(index)), Number(index));
  console.log(input.contents);
  let thrown: { error: unknown } | undefined;
  try {
    await input.read();
  } catch (error) {
    thrown = { error };
    console.log(error);
  }
  console.log(judge(input, thrown));
}
