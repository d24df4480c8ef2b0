/**
 * `deno task correctness`: runs the rungs of tests/correctness_rungs.ts and writes tests/CORRECTNESS.md, the table with the
 * errors that the tests measured. `--new` runs only those that the page has no row of, and keeps the other rows.
 *
 * Exit codes: 0 success, 1 a test failed.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Rung, RUNGS } from "../../tests/correctness_rungs.ts";
import { readJsonl, writeFileAtomic } from "../files/mod.ts";

const PAGE = "tests/CORRECTNESS.md";

const errorSchema = z.object({ kind: z.string(), what: z.string(), error: z.number() });

/** What came of a rung. */
interface Measured {
  tests: number;
  comparisons: number;
  /** The largest error, and where it was. */
  worst: { what: string; error: number } | null;
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Deno.args, options: { new: { type: "boolean", default: false } } });
  // Without the spaces that the formatter lines columns up with.
  const earlier = values.new
    ? (await Deno.readTextFile(PAGE)).split("\n").map((line) => line.replace(/ +\|/g, " |"))
    : [];
  const rows: string[] = [];
  for (const rung of RUNGS) {
    const kept = earlier.find((line) => line.startsWith(rowStart(rung)));
    if (kept !== undefined) {
      rows.push(kept);
      continue;
    }
    const measured = await measure(rung);
    if (measured === null) Deno.exit(1);
    rows.push(tableRow(rung, measured));
    console.log(rows.at(-1));
  }
  await writeFileAtomic(PAGE, page(rows));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", PAGE] }).output();
  console.log(`wrote ${PAGE}`);
}

/** Runs a rung's tests in a process of their own; null when one fails, whose output is then shown. */
async function measure({ tests, filter, kind, comparisons = /^/ }: Rung): Promise<Measured | null> {
  const path = await Deno.makeTempFile();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--no-check",
        "-A",
        ...(filter ? ["--filter", String(filter)] : []),
        ...tests.map((test) => `tests/${test}`),
      ],
      env: { KILN_MEASURED_ERRORS: path, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    const passed = Number(/ok \| (\d+) passed/.exec(text)?.[1] ?? 0);
    if (code !== 0 || passed === 0) {
      console.error(text + new TextDecoder().decode(stderr));
      return null;
    }
    const { rows } = await readJsonl(path, errorSchema);
    const own = rows.filter((row) => (kind === undefined || row.kind === kind) && comparisons.test(row.what));
    const worst = own.reduce<Measured["worst"]>((most, row) => most && most.error >= row.error ? most : row, null);
    return { tests: passed, comparisons: own.length, worst };
  } finally {
    await Deno.remove(path);
  }
}

function rowStart({ what, against }: Rung): string {
  return `| ${what} | ${against} |`;
}

function tableRow(
  rung: Rung,
  { tests: count, comparisons, worst }: Measured,
): string {
  const { tests, exact = false } = rung;
  const links = tests.map((test) => `[${test.replace(/^.*\/|_test\.ts$/g, "")}](${test})`).join(", ");
  const error = exact || worst?.error === 0
    ? "equal bit for bit"
    : worst
    ? `${worst.error.toExponential(1)} (${worst.what})`
    : "none measured";
  const compared = exact ? `${count} ${count === 1 ? "test" : "tests"}` : comparisons.toLocaleString("en");
  return `${rowStart(rung)} ${[compared, error.replaceAll("|", "\\|"), links].join(" | ")} |`;
}

function page(rows: readonly string[]): string {
  return `# Correctness

The ladder from a single operator to a whole run. Each row is what its tests compare, how many numbers or tensors they compare,
and the largest error they measured: the norm of the difference over the norm of what is expected, in float32 on
the CPU unless the row says otherwise. The tests fail above 1e-5 (finite differences above 1e-6), or where a comment in them
says why another bound holds. How the expected numbers were made, with which versions, is in
[golden/README.md](golden/README.md).

| Kiln's | compared with | comparisons | largest error | tests |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

\`deno task correctness\` measures this table anew.
`;
}
