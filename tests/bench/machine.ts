/** What was measured on: numbers mean little without it. */
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { createEngine } from "../../lib/engine/mod.ts";

/** A machine and its software. */
export interface Machine {
  cpu: string;
  threads: number;
  memoryGigabytes: number;
  os: string;
  deno: string;
  engine: string;
  /** ISO 8601. */
  date: string;
  /** Programs that wanted a core over the last minute, on average; 0 where the system does not say. */
  load: number;
}

/** Looks at the machine. */
export async function describeMachine(): Promise<Machine> {
  const engine = await createEngine();
  return {
    cpu: cpus()[0]?.model.trim() ?? Deno.build.arch,
    threads: navigator.hardwareConcurrency,
    memoryGigabytes: totalmem() / 1e9,
    os: `${type()} ${release()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    engine: engine.description,
    date: new Date().toISOString(),
    load: loadavg()[0],
  };
}

/** The machine in a line, and a second one where other programs keep it busy. */
export function showMachine(machine: Machine): string {
  const { cpu, threads, memoryGigabytes, os, deno, engine, date, load } = machine;
  const line = `${cpu}, ${threads} threads, ${memoryGigabytes.toFixed(0)} GB; ${os}; Deno ${deno}; ${engine}; ${date}`;
  if (load < 0.3 * threads) return line;
  return `${line}\nOther programs are using the CPU (load ${
    load.toFixed(1)
  }): rates are too low, and ratios less certain.`;
}
