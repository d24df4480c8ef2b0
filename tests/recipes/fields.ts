/** The fields that the tools read, as `tests/golden/recipe_fields.py` found them. */
import { GOLDEN } from "../support/golden.ts";

interface Field {
  type: string;
  default: unknown;
  choices?: unknown[];
}

type Classes = Record<string, Record<string, Field>>;

function read(tool: string) {
  return JSON.parse(Deno.readTextFileSync(`${GOLDEN}recipes/${tool}_fields.json`));
}

/** Fields of train.py that are the recipe's own. */
const OWN = [
  ..."train_file eval_file start_adapter trainable_token_indices early_stopping_patience".split(" "),
  ..."early_stopping_threshold rewards".split(" "),
];

/** What is wrong with fields, by a tool's own lists: unknown names, and values that are none of the choices. */
export function problemsOf(tool: string, method: string, fields: Readonly<Record<string, unknown>>): string[] {
  if (tool === "verl") {
    const known: Record<string, unknown> =
      read("verl").configs[method === "sft" ? "sft_trainer_engine" : "ppo_trainer"];
    // What is empty there may hold anything: override_optimizer_config.
    const isKnown = (name: string) => name in known || name.replace(/\.[^.]+$/, "") in known;
    return Object.keys(fields).filter((name) => !isKnown(name)).map((name) => `${name}: unknown`);
  }
  const classes: Classes = read(tool).classes;
  const wanted = tool === "trl"
    ? [{ sft: "SFTConfig", grpo: "GRPOConfig", dpo: "DPOConfig" }[method]!, "ModelConfig"]
    : Object.keys(classes);
  const known: Record<string, Field> = Object.assign({}, ...wanted.map((name) => classes[name]));
  return Object.entries(fields).flatMap(([name, value]) => {
    if (tool === "trl" && OWN.includes(name)) return [];
    if (!(name in known)) return [`${name}: unknown`];
    const { choices, type } = known[name];
    if (choices && value !== null && !choices.includes(value)) return [`${name}: ${value} is none of ${choices}`];
    if (type === "<class 'int'>" && !Number.isInteger(value)) return [`${name}: ${value} is no whole number`];
    if (type === "<class 'bool'>" && typeof value !== "boolean") return [`${name}: ${value} is not true or false`];
    return [];
  });
}
