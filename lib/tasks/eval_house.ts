/**
 * `deno task eval-house`: what the house model can do, task by task, on held-out chats; and, where runs of the notebooks
 * that train on a task are in outputs, what it can do with the newest one's adapter.
 *
 * Options: `--model FOLDER`, `--cases N` of each task, `--task NAME` (only that one; several times for several),
 * `--wrong N` (shows that many replies that were not right), `--json`.
 */
import { parseArgs } from "node:util";
import { loadAdapter } from "../adapters/mod.ts";
import type { GradedCase } from "../data/mod.ts";
import { createEngine } from "../engine/mod.ts";
import { type CausalLM, loadModel } from "../models/mod.ts";
import { tableText } from "../notebook/mod.ts";
import { Tokenizer } from "../tokenizer/mod.ts";
import {
  type CaseReply,
  evaluateHouseModel,
  type HouseScore,
  type HouseTask,
  houseTasks,
  newestRun,
} from "../train/mod.ts";

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      model: { type: "string", default: "data/models/kiln-tiny" },
      cases: { type: "string", default: "200" },
      task: { type: "string", multiple: true, default: [] },
      wrong: { type: "string", default: "0" },
      json: { type: "boolean", default: false },
    },
  });
  const tasks = chosenTasks(values.task);
  const cases = Number(values.cases);
  if (!Number.isInteger(cases) || cases < 1) throw new Error(`--cases ${values.cases}: expected a whole number from 1`);
  const engine = await createEngine();
  const tokenizer = await Tokenizer.load(values.model);
  const model = await loadModel(values.model, { engine });
  const onTask = (corpus: string) => console.error(`... ${corpus}`);
  const wrong: string[] = [];
  const onReplies = (corpus: string, asked: readonly GradedCase[], replies: readonly CaseReply[]) =>
    wrong.push(...wrongReplies(corpus, asked, replies, Number(values.wrong)));
  const base = await evaluateHouseModel({ model, tokenizer, tasks, cases, onTask, onReplies });
  const after = await evaluateAfterNotebooks(model, tokenizer, tasks, cases);
  if (values.json) console.log(JSON.stringify({ base, after }, null, 2));
  else console.log(tableText(scoreRows(base, after), { caption: `up to ${cases} held-out cases of each task` }));
  for (const text of wrong) console.error(text);
  await model.dispose();
  await engine.dispose();
}

function chosenTasks(names: readonly string[]): HouseTask[] {
  const all = houseTasks();
  const known = all.map(({ corpus }) => corpus.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--task "${unknown}": there are ${known.join(", ")}`);
  return names.length === 0 ? all : all.filter(({ corpus }) => names.includes(corpus.name));
}

/** Scores with the adapter of the newest run of each notebook, where there is one that fits the model. */
async function evaluateAfterNotebooks(
  model: CausalLM,
  tokenizer: Tokenizer,
  tasks: readonly HouseTask[],
  cases: number,
): Promise<HouseScore[]> {
  const scores: HouseScore[] = [];
  for (const [notebook, trained] of Map.groupBy(tasks, ({ notebook }) => notebook)) {
    const run = notebook && await newestRun(notebook);
    if (!run) continue;
    const adapter = await loadAdapter(model, `${run}/adapter`).catch((error: Error) => {
      console.error(`${run}: its adapter is left out: ${error.message}`);
      return null;
    });
    if (!adapter) continue;
    const onTask = (corpus: string) => console.error(`... ${corpus}, with the adapter of ${run}`);
    scores.push(...await evaluateHouseModel({ model, adapter, tokenizer, tasks: trained, cases, onTask }));
  }
  return scores;
}

/** The table's rows: a task's name stands once. */
export function scoreRows(base: readonly HouseScore[], after: readonly HouseScore[] = []): Record<string, string>[] {
  const percent = (score?: HouseScore) => score ? `${(100 * score.value).toFixed(1)}%` : "";
  return base.map((score, row) => {
    const trained = after.find(({ corpus, metric }) => corpus === score.corpus && metric === score.metric);
    return {
      task: base[row - 1]?.corpus === score.corpus ? "" : score.corpus,
      metric: score.metric.replaceAll("_", " "),
      cases: String(score.count),
      base: percent(score),
      ...(after.length > 0 ? { "after its notebook": percent(trained) } : {}),
    };
  });
}

/** The first replies that were not right, each with its chat and what was wanted. */
function wrongReplies(
  corpus: string,
  cases: readonly GradedCase[],
  replies: readonly CaseReply[],
  count: number,
): string[] {
  const wrong = replies.flatMap(({ grades }, index) => Object.values(grades).some((value) => value < 1) ? [index] : []);
  return wrong.slice(0, count).map((index) => {
    const { messages, prefill = "", reference } = cases[index];
    return [
      `\n== ${corpus}, case ${index}: ${JSON.stringify(replies[index].grades)}`,
      ...messages.map(({ role, content, tool_calls }) =>
        `${role}: ${content ?? ""}${tool_calls ? JSON.stringify(tool_calls) : ""}`
      ),
      `-- wanted: ${prefill}${reference}\n-- got:    ${prefill}${replies[index].reply}`,
    ].join("\n");
  });
}
