import { appender, denoFileSystem, type FileSystem, namingDiskFull } from "../files/mod.ts";
import { encodeEvent, type EventMessage, SESSION_START } from "./event.ts";
import { histogramOf } from "./histogram.ts";
import { tfRecord } from "./tfrecord.ts";

/** What a step shows: numbers and distributions by their tags, such as `train/loss`. */
export interface StepValues {
  scalars?: Readonly<Record<string, number>>;
  /** Shown as histograms over steps. */
  histograms?: Readonly<Record<string, ArrayLike<number>>>;
}

/** A file that TensorBoard reads, while it grows or later. */
export interface EventFile {
  readonly path: string;
  /**
   * Appends what a step shows. When the promise is fulfilled, it is with the operating system.
   *
   * @throws {DiskFullError} when the disk is full; no part of the step stays in the file
   */
  write(step: number, values: StepValues): Promise<void>;
  /** Flushes the file to disk and closes it. May be called again. */
  close(): Promise<void>;
}

/** Options of {@link createEventFile}. */
export interface EventFileOptions {
  /**
   * A resumed run goes on at this step: what earlier files of the folder show from this step on is hidden. Default 0, for
   * a run that begins.
   */
  purgeStep?: number;
  /** The disk to write to; tests pass one that fails. */
  fileSystem?: FileSystem;
  /** Milliseconds since 1970; replaced in tests. */
  now?: () => number;
}

/**
 * Starts a new event file, `events.out.tfevents.TIME.HOST.PROCESS.0`, in a folder that TensorBoard shows as one run. It
 * reads the files of a folder in the order of their names, so the new one gets a later time than all others.
 */
export async function createEventFile(folder: string, options: EventFileOptions = {}): Promise<EventFile> {
  const { purgeStep = 0, fileSystem = denoFileSystem, now = Date.now } = options;
  await namingDiskFull(folder, () => fileSystem.makeFolder(folder));
  const time = Math.max(Math.floor(now() / 1000), await newestTime(folder) + 1);
  const path = `${folder}/events.out.tfevents.${String(time).padStart(10, "0")}.${hostName()}.${Deno.pid}.0`;
  const records = appender(await namingDiskFull(path, () => fileSystem.create(path)), path, 0, { fileSystem });
  const write = (...events: Omit<EventMessage, "wallTime">[]) => {
    const wallTime = now() / 1000;
    return records.write(joined(events.map((event) => tfRecord(encodeEvent({ wallTime, ...event })))));
  };
  try {
    // The first start that TensorBoard sees hides nothing: a run needs one for a later start to count.
    await write(
      { fileVersion: "brain.Event:2", sourceMetadata: { writer: "kiln" } },
      { step: purgeStep, sessionLog: { status: SESSION_START } },
    );
  } catch (error) {
    await records.close().catch(() => {});
    throw error;
  }
  return {
    path,
    async write(step, { scalars = {}, histograms = {} }) {
      const value = [
        ...Object.entries(scalars).map(([tag, simpleValue]) => ({ tag: tag.toWellFormed(), simpleValue })),
        ...Object.entries(histograms).flatMap(([tag, values]) => {
          const histo = histogramOf(values);
          return histo ? [{ tag: tag.toWellFormed(), histo }] : [];
        }),
      ];
      if (value.length > 0) await write({ step, summary: { value } });
    },
    close: () => records.close(),
  };
}

/** The time in the newest event file's name, in seconds; 0 when there is none. */
async function newestTime(folder: string): Promise<number> {
  let newest = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const time = /^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1];
    if (time !== undefined) newest = Math.max(newest, Number(time));
  }
  return newest;
}

function hostName(): string {
  try {
    return Deno.hostname();
  } catch {
    // Without the right to know it.
    return "localhost";
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
