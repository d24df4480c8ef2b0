import assert from "node:assert/strict";
import { readLabelledRoutes, readRoutes } from "../../../lib/agent/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

/** Reads lines by way of a file. */
async function reading<T>(lines: readonly unknown[], read: (path: string) => Promise<T>): Promise<T> {
  let result: T;
  await inFolder(async (folder) => {
    const texts = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
    await Deno.writeTextFile(`${folder}/rows.jsonl`, texts.join("\n") + "\n");
    result = await read(`${folder}/rows.jsonl`);
  });
  return result!;
}

const billing = { name: "billing", description: "Invoices.", utterances: ["Where is my invoice?", " Am I charged? "] };

Deno.test("readRoutes() reads routes, and the line of none apart", async () => {
  const rows = await reading(
    [{ name: "none", utterances: ["Hello!"] }, billing, "", { name: "returns", utterances: ["It is too small."] }],
    readRoutes,
  );
  assert.deepEqual(rows, {
    routes: [
      { ...billing, utterances: ["Where is my invoice?", "Am I charged?"] },
      { name: "returns", description: "", utterances: ["It is too small."] },
    ],
    noneUtterances: ["Hello!"],
  });
  assert.deepEqual((await reading([billing], readRoutes)).noneUtterances, []);
});

Deno.test("readRoutes() refuses what is no list of routes, naming file and line", async () => {
  const refused: [unknown[], RegExp][] = [
    [[billing, { name: "x" }], /rows\.jsonl, line 2: utterances/],
    [[billing, { name: "x", utterances: [] }], /line 2: utterances: expected at least one question/],
    [[billing, { name: "x", utterances: ["a", " "] }], /line 2: utterances\.1: expected text/],
    [[billing, { name: "x", utterances: ["a"], examples: [] }], /line 2: .*examples/],
    [["[not json"], /line 1: not JSON/],
    [[billing, billing], /rows\.jsonl: route 'billing': another has that name/],
    [[{ name: "7", utterances: ["a"] }], /rows\.jsonl: '7' is no name for a route/],
    [[{ name: "none", utterances: ["a"] }], /rows\.jsonl: routes: expected at least one/],
    [
      [billing, { name: "none", utterances: ["a"] }, { name: "none", utterances: ["b"] }],
      /2 lines have the name "none"/,
    ],
    [[], /rows\.jsonl: routes: expected at least one/],
  ];
  for (const [lines, message] of refused) await assert.rejects(reading(lines, readRoutes), message);
});

Deno.test("readLabelledRoutes() reads questions; null and none are no route", async () => {
  const lines = [
    { question: "Where is it?", route: "billing" },
    { question: "Hello", route: null },
    { question: "Bye", route: "none" },
  ];
  const read = (path: string) => readLabelledRoutes(path, ["billing"]);
  assert.deepEqual(await reading(lines, read), [
    { question: "Where is it?", route: "billing" },
    { question: "Hello", route: null },
    { question: "Bye", route: null },
  ]);
  const refused: [unknown[], RegExp][] = [
    [[...lines, { question: "?", route: "returns" }], /line 4: route: there is no such route; expected billing, none/],
    [[{ question: "?" }], /line 1: route: expected a route's name, "none" or null/],
    [[{ question: " ", route: null }], /line 1: question: expected text/],
    [[{ question: "?", label: null, route: null }], /line 1: .*label/],
    [[], /no labelled questions/],
  ];
  for (const [rows, message] of refused) await assert.rejects(reading(rows, read), message);
});
