import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { cellsToModule } from "../../lib/notebook/cells_to_module.ts";
import { checkNotebooks, formatProblem } from "../../lib/notebook/check.ts";
import { ROOT } from "../../lib/notebook/find_notebook.ts";
import { formatNotebook, type Notebook, type Output } from "../../lib/notebook/nbformat.ts";
import { publicationProblems } from "../../lib/notebook/publication.ts";
import { tempFolder, type TestCell, writeTestNotebook } from "./temp_notebook.ts";

const PARAMETERS_CELL: TestCell = { source: "const steps: number = 3;", tags: ["parameters"] };

function notebookOf(sources: readonly string[], outputs: Output[] = [], tags = ["parameters"]): Notebook {
  const cells = sources.map((source, i) => ({
    cell_type: "code" as const,
    metadata: i === 0 ? { tags } : {},
    source,
    outputs: i === 0 ? outputs : [],
    execution_count: null,
  }));
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells };
}

Deno.test("checkNotebooks() finds nothing wrong in cells that share names and repeat imports", async () => {
  await using folder = await tempFolder();
  const path = await writeTestNotebook(folder.path, [
    { source: `import { z } from "zod";\nconst steps = z.number().parse(3);`, tags: ["parameters"] },
    `import { z, type ZodType } from "zod";\nimport { html } from "../../lib/notebook/mod.ts";\nconst schema: ZodType = z.string();`,
    `import { html } from "../../lib/notebook/mod.ts";\nimport { z } from "zod";`,
    // Neither this cell nor the one before the next ends in a semicolon.
    `await Deno.jupyter.display({ [Deno.jupyter.$display]: () => ({ "text/html": String(html\`<b>\${steps}</b>\`) }) })`,
    `[schema, z].length`,
  ]);
  assert.deepEqual(await checkNotebooks([path]), []);
});

Deno.test("checkNotebooks() names notebook, cell and line of type errors, lint and second declarations", async () => {
  await using folder = await tempFolder();
  const bad = await writeTestNotebook(folder.path, [
    PARAMETERS_CELL,
    `const text: string = "a";\nconst count: number =\n  text;\nconsole.log(count + steps);`,
    `var old = 1;\nconsole.log(old);`,
    `const text = "again";`,
    `import { nothing } from "./nowhere.ts";\nnothing();`,
  ]);
  const unparsed = await writeTestNotebook(
    folder.path,
    [PARAMETERS_CELL, "steps;", "const a =\n;"],
    "02_unparsed.ipynb",
  );
  const lines = (await checkNotebooks([bad, unparsed])).map(formatProblem).join("\n\n");
  assert.match(lines, /01_test\.ipynb, code cell 2, line 2: TS2322: Type 'string' is not assignable to type 'number'/);
  assert.match(lines, /01_test\.ipynb, code cell 3, line 1: no-var: /);
  assert.match(lines, /01_test\.ipynb, code cell 4, line 1: TS2451: Cannot redeclare block-scoped variable 'text'/);
  assert.match(
    lines,
    /01_test\.ipynb, code cell 5, line 1: TS2307: Cannot find module 'outputs\/test_\w+\/nowhere\.ts'/,
  );
  assert.match(lines, /02_unparsed\.ipynb, code cell 3, line 2: SyntaxError: Expression expected/);
  assert(!lines.includes(ROOT) && !lines.includes("kiln_check_"));
});

Deno.test("publicationProblems() finds names, tags, empty cells and outputs that should not be published", () => {
  const messages = (name: string, notebook: Notebook) =>
    publicationProblems(name, notebook).map(({ message }) => message).join("\n");
  assert.equal(messages("01_good.ipynb", notebookOf(["1"])), "");
  assert.match(messages("01_Bad.ipynb", notebookOf(["1"])), /lower-case/);
  assert.match(messages("01_x.ipynb", notebookOf(["1"], [], [])), /tagged "parameters"[^;]*; 0 are/);
  assert.match(messages("01_x.ipynb", notebookOf(["1", " \n"])), /empty code cell \(cell 2 of the notebook\)/);

  const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
  const display = (data: Record<string, unknown>): Output => ({ output_type: "display_data", data, metadata: {} });
  const problems = (output: Output) => messages("01_x.ipynb", notebookOf(["1"], [output]));
  assert.match(
    problems(display({ "text/plain": "x", "image/png": "x" })),
    /carries image\/png; allowed are text\/html and text\/plain/,
  );
  assert.match(problems({ output_type: "error", ename: "E", evalue: "", traceback: [] }), /an error \(E\)/);
  assert.match(problems(stream(`saved in ${join(ROOT, "outputs")}`)), /path of this machine/);
  for (const path of ["/home/someone/x", "(/tmp/abc)", "file:///x/y.ts", "C:\\Users\\x", "/Users/me/kiln"]) {
    assert.match(problems(display({ "text/html": `<p>${path}</p>`, "text/plain": "" })), /path of this machine/, path);
  }
  const registry = ["registry", "npmjs", "org"].join("."); // written apart: committed text names no registry
  assert.ok(problems(stream(`Download https://${registry}/zod`)).includes(`package registry: ${registry}`));
  for (
    const fine of [
      "outputs/run_1/adapter",
      "https://huggingface.co/home/x",
      "5/tmp/3",
      "<svg xmlns='http://www.w3.org/2000/svg'/>",
    ]
  ) {
    assert.equal(problems(stream(fine)), "", fine);
  }
});

Deno.test("cellsToModule() keeps each line of each cell on a line of its own", () => {
  const line = fc.constantFrom(
    "const a = 1",
    "",
    `import { a, b as c } from "x";`,
    `import {\n  a,\n  d,\n} from "x";`,
    `import * as all from "./y.ts";`,
    `import type { T } from "x"`,
    "`import`",
  );
  fc.assert(
    fc.property(fc.array(fc.array(line, { maxLength: 5 }), { maxLength: 5 }), (cells) => {
      const sources = cells.map((lines) => lines.join("\n"));
      const { source, lines } = cellsToModule(notebookOf(sources), "/somewhere");
      const moduleLines = source.split("\n");
      assert.equal(moduleLines.length, lines.length + 1);
      for (const [i, place] of lines.entries()) {
        if (place === undefined) continue;
        const original = sources[place.cell - 1].split("\n")[place.line - 1];
        if (original === "const a = 1") assert.equal(moduleLines[i], original);
      }
    }),
  );
});

Deno.test("cellsToModule() leaves out only names imported before from the same module", () => {
  const { source } = cellsToModule(
    notebookOf([
      `import first, { a, b as c } from "x";\nimport * as all from "./all.ts";`,
      `import { a } from "x";\nimport {\n  b as c,\n  d,\n} from "x";\nimport { a as other } from "y";\nimport { a } from "y";`,
      `import type { T } from "x";\nimport { type T } from "x";\nawait import("../dynamic.ts");`,
    ]),
    "/somewhere/notebooks",
  );
  assert.deepEqual(source.split("\n").filter((line) => line !== ""), [
    `import first, { a, b as c } from "x";`,
    `import * as all from "file:///somewhere/notebooks/all.ts";`,
    "export {};",
    `import { d } from "x";`,
    `import { a as other } from "y";`,
    `import { a } from "y";`,
    "export {};",
    `import type { T } from "x";`,
    `await import("file:///somewhere/dynamic.ts");`,
    "export {};",
  ]);
});

Deno.test("check_cli exits with 1 and the problems, 0 when there are none, 2 when there is no such notebook", async () => {
  await using folder = await tempFolder();
  const good = await writeTestNotebook(folder.path, [PARAMETERS_CELL, "steps;"]);
  const bad = join(folder.path, "02_bad.ipynb");
  await Deno.writeTextFile(bad, formatNotebook(notebookOf(["nothing;"])));
  const run = async (which: string) => {
    const args = ["run", "-A", join(ROOT, "lib/notebook/check_cli.ts"), which];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
    return { code, out: new TextDecoder().decode(stdout), error: new TextDecoder().decode(stderr) };
  };
  const [first, second, third] = await Promise.all([good, bad, "99"].map(run));
  assert.deepEqual([first.code, first.out], [0, "checked 1 notebook: 0 problems\n"]);
  assert.equal(second.code, 1);
  assert.match(second.error, /02_bad\.ipynb, code cell 1, line 1: TS2304: Cannot find name 'nothing'/);
  assert.equal(third.code, 2);
  assert.match(third.error, /no notebook "99"/);
});
