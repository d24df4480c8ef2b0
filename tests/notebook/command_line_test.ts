import assert from "node:assert/strict";
import { join } from "node:path";
import { parseRunArguments, UsageError } from "../../lib/notebook/command_line.ts";
import { findNotebook } from "../../lib/notebook/find_notebook.ts";
import { tempFolder, writeTestNotebook } from "./temp_notebook.ts";

Deno.test("parseRunArguments() takes its own options and makes parameters of the others", () => {
  const line =
    "01 --size smoke --set steps=3 --set text=a=b --max-steps 20 --loss=dapo --rate -1 --cell-timeout 1.5 --output x.ipynb";
  assert.deepEqual(parseRunArguments(line.split(" ")), {
    notebook: "01",
    size: "smoke",
    set: { steps: "3", text: "a=b", maxSteps: "20", loss: "dapo", rate: "-1" },
    output: "x.ipynb",
    inPlace: false,
    cellTimeout: 1.5,
  });
  assert.equal(parseRunArguments(["01", "--help"]), "help");
});

Deno.test("parseRunArguments() says what is wrong", () => {
  const wrong: [string, RegExp][] = [
    ["", /which notebook/],
    ["01 02", /one notebook at a time; got 01 and 02/],
    ["01 --steps", /--steps needs a value/],
    ["01 --rate --steps 3", /--rate needs a value/],
    ["01 --set steps", /--set expects name=value, got steps/],
    ["01 --cell-timeout soon", /--cell-timeout expects seconds above 0, got soon/],
    ["01 --in-place --output x", /exclude each other/],
    ["01 -- x", /"--" is not an option/],
  ];
  for (const [line, message] of wrong) {
    assert.throws(() => parseRunArguments(line.split(" ").filter((word) => word !== "")), (error: Error) => {
      return error instanceof UsageError && message.test(error.message);
    });
  }
});

Deno.test("findNotebook() takes a number, a name or a path, and lists what there is otherwise", async () => {
  await using folder = await tempFolder();
  const first = await writeTestNotebook(folder.path, [], "01_first.ipynb");
  const tenth = await writeTestNotebook(folder.path, [], "10_tenth.ipynb");
  const again = await writeTestNotebook(folder.path, [], "10_tenth_again.ipynb");
  for (const which of ["1", "01", "01_first", "01_first.ipynb", first]) {
    assert.equal(await findNotebook(which, folder.path), first);
  }
  assert.equal(await findNotebook("10_tenth", folder.path), tenth);
  await assert.rejects(findNotebook("10", folder.path), /"10" may be any of: 10_tenth.ipynb, 10_tenth_again.ipynb/);
  await assert.rejects(findNotebook("7", folder.path), /no notebook "7".*there are: 01_first.ipynb, 10_tenth.ipynb/);
  await assert.rejects(findNotebook("x", join(folder.path, "none")), /there are: none/);
  assert.equal(await findNotebook(again, join(folder.path, "none")), again);
});
