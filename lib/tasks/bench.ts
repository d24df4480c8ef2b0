/**
 * `deno task bench`: measures kernels, training and rollouts on this machine and prints tables.
 *
 * Exit codes: 0 success, 1 a case failed, 2 the command line is wrong.
 */
import { parseArgs } from "node:util";
import { describeMachine, showMachine } from "../../tests/bench/machine.ts";
import { type BenchReport, type CaseResult, memoryTable, sectionTable } from "../../tests/bench/report.ts";
import { runAndExit, runInChild } from "../../tests/bench/run_case.ts";
import { caseNamed, chosenSections, SECTIONS } from "../../tests/bench/sections.ts";
import { writeFileAtomic } from "../files/mod.ts";

const HELP = `Measures Kiln on this machine.

  deno task bench                            everything but the heavy sections; some minutes
  deno task bench --section sft              one section: ${SECTIONS.map(({ name }) => name).join(", ")}
  deno task bench --section half-billion     heavy: one GRPO step at Qwen2.5-0.5B's shape
  deno task bench --section precision        heavy: loading, SFT and generation at that shape, by the weights' precision
  deno task bench --section four-gigabytes   heavy: SFT and PPO on 4 bits at that shape, within 4 GB
  deno task bench --section retrieval        heavy: ingestion and search on LanceDB; retrieval-large: 100,000 passages
  deno task bench --section export           heavy: exports to each format at that shape, with and without reading back
  deno task bench --section webgpu           heavy: training and decoding on a GPU at that shape
  deno task bench --quick                    seconds: shows that everything runs; the numbers mean nothing
  deno task bench --json outputs/bench.json  writes the results to a file too

Every case runs in a process of its own. "rate" is a median over rounds, "± %" half the distance between the quartiles.
"of raw" is the rate of matrix products as a share of what one bare MatMul reaches in ONNX Runtime, both measured in
turns in the same process: it stays meaningful on a busy machine, where rates do not. So does "time ratio", the time as a
share of another way's.
`;

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Runs the command; returns the exit code. */
async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  const { help, quick, json, sections, ownCase } = options;
  if (help) {
    console.log(HELP);
    return 0;
  }
  if (ownCase) await runAndExit(ownCase, { quick });

  const machine = await describeMachine();
  console.log(showMachine(machine));
  if (quick) console.log("Quick: small shapes and few rounds. The numbers mean nothing.");
  const results: CaseResult[] = [];
  for (const section of sections) {
    const own: CaseResult[] = [];
    for (const benchCase of section.cases) {
      showProgress(`measuring ${benchCase.name} ...`);
      own.push(await runInChild(section, benchCase, childArguments(benchCase.name, quick)));
    }
    showProgress("");
    console.log(sectionTable(section, own));
    results.push(...own);
  }
  console.log(memoryTable(results));
  const report: BenchReport = { machine, quick, results };
  if (json) await writeFileAtomic(json, JSON.stringify(report, null, 2) + "\n");
  return results.some(({ error }) => error !== null) ? 1 : 0;
}

/** Reads the command line. Throws, naming what is wrong with it. */
function readArguments(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      section: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
      // What the benchmark starts itself with, once for each case.
      case: { type: "string" },
    },
  });
  const { help, quick, json } = values;
  const ownCase = values.case === undefined ? null : caseNamed(values.case);
  return { help, quick, json, sections: chosenSections(values.section), ownCase };
}

function childArguments(name: string, quick: boolean): string[] {
  return ["run", "-A", "--no-check", import.meta.filename!, "--case", name, ...(quick ? ["--quick"] : [])];
}

/** Says on a terminal what is going on; the next line of output takes its place. */
function showProgress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}
