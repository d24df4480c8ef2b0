/** Runs a case in a process of its own, which ends with one line of JSON on its standard output. */
import { peakMemory } from "./measure.ts";
import type { CaseResult } from "./report.ts";
import type { BenchCase, BenchSettings, Row, Section } from "./section.ts";

/** The child's last line. */
type CaseOutput = { rows: Row[]; peakBytes: number } | { error: string };

/** The child's side: runs the case and ends the process, since some engines' workers would keep it alive. */
export async function runAndExit(benchCase: BenchCase, settings: BenchSettings): Promise<never> {
  let output: CaseOutput;
  try {
    output = { rows: await benchCase.run(settings), peakBytes: peakMemory() };
  } catch (error) {
    console.error(error);
    output = { error: (error instanceof Error ? error.message : String(error)).split("\n")[0] };
  }
  const line = new TextEncoder().encode(`\n${JSON.stringify(output)}\n`);
  for (let written = 0; written < line.length;) written += Deno.stdout.writeSync(line.subarray(written));
  Deno.exit(0);
}

/**
 * The parent's side: runs Deno with `args`, which should come to `runAndExit`. A case that fails, or whose process is
 * killed, gives a result that says so.
 */
export async function runInChild(section: Section, benchCase: BenchCase, args: string[]): Promise<CaseResult> {
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" });
  const { code, signal, stdout } = await child.output();
  const lastLine = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
  let output: CaseOutput = { error: `the process ended with ${signal ?? `code ${code}`}` };
  if (code === 0) output = JSON.parse(lastLine);
  const common = { section: section.name, name: benchCase.name, memoryLimit: benchCase.memoryLimit ?? null };
  return "error" in output
    ? { ...common, rows: [], peakBytes: null, error: output.error }
    : { ...common, ...output, error: null };
}
