/** Reward functions in Python: the library's own, and a place for each that a program brought. */
import { RecipeError } from "./mapping.ts";
import type { RunRecord } from "./read_run.ts";

type Rewards = NonNullable<RunRecord["rewards"]>;

/** The Python function of each of the library's rewards, and whether it reads the gold answer. */
const PYTHON: Readonly<Record<string, { name: string; readsGold: boolean }>> = {
  "gsm8kTagRewards.correctness": { name: "tag_correctness", readsGold: true },
  "gsm8kTagRewards.format": { name: "tag_format", readsGold: false },
  "gsm8kFiveRewards.correctness": { name: "five_correctness", readsGold: true },
  "gsm8kFiveRewards.int": { name: "five_int", readsGold: false },
  "gsm8kFiveRewards.strictFormat": { name: "five_strict_format", readsGold: false },
  "gsm8kFiveRewards.softFormat": { name: "five_soft_format", readsGold: false },
  "gsm8kFiveRewards.xmlcount": { name: "five_xmlcount", readsGold: false },
};

const KEYWORDS =
  /^(and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield|None|True|False)$/;

interface PythonReward {
  name: string;
  weight: number;
  /** An expression for the reward of `text`; null for a function of the program's own. */
  call: string | null;
  readsGold: boolean;
  source: string;
}

function pythonRewards(rewards: Rewards): PythonReward[] {
  return Object.entries(rewards).map(([name, { weight, known, source }]): PythonReward => {
    if (KEYWORDS.test(name)) throw new RecipeError(`reward "${name}": Python has no function of that name; rename it`);
    const python = known === null ? undefined : PYTHON[known.name];
    if (known === null || python === undefined) {
      return { name, weight, call: null, readsGold: false, source: source ?? known?.name ?? "" };
    }
    // As the library does: words before the prefill's first tag are ours and do not count.
    const opening = known.prefill === "" ? "" : known.prefill.slice(known.prefill.indexOf("<think>"));
    const text = opening === "" ? "text" : `${JSON.stringify(opening)} + text`;
    return {
      ...{ name, weight, source: known.name, readsGold: python.readsGold },
      call: python.readsGold ? `${python.name}(${text}, gold)` : `${python.name}(${text})`,
    };
  });
}

/** rewards.py for TRL: a function by each reward's name, from completions and columns to numbers. */
export async function trlRewards(rewards: Rewards): Promise<string> {
  const functions = pythonRewards(rewards).map(({ name, weight, call, readsGold, source }) => {
    if (call === null) {
      return `def ${name}(completions, **columns):
    """One number for each completion; its weight is ${weight}. In the run it was the function below."""
${commented(source)}
    raise NotImplementedError("${name}: write this reward function in rewards.py")
`;
    }
    const body = readsGold
      ? `[${call} for text, gold in zip(completions, answer, strict=True)]`
      : `[${call} for text in completions]`;
    return `def ${name}(completions, ${readsGold ? "answer, " : ""}**_):
    """${source}, with weight ${weight}."""
    return ${body}
`;
  });
  return [await library(), ...functions].join("\n\n");
}

/**
 * rewards.py for verl: `compute_score`, from a reply and its gold answer to the weighted sum and its parts.
 *
 * @param clipRange Lowest and highest score, where the run had some.
 * @param missing Why there are no functions at all, for runs whose episodes were judged otherwise.
 */
export async function verlRewards(
  rewards: Rewards,
  clipRange: readonly [number, number] | null,
  missing?: string,
): Promise<string> {
  const all = pythonRewards(rewards);
  const own = all.filter(({ call }) => call === null);
  const head = `def compute_score(data_source, solution_str, ground_truth, extra_info=None, **_):
    """The weighted sum of the run's rewards, and each of them for the log."""
    text, gold = solution_str, ground_truth
`;
  if (missing !== undefined || all.length === 0) {
    const why = missing ?? "the run had no reward functions";
    return `${head}    raise NotImplementedError(${JSON.stringify(why)})\n`;
  }
  const stubs = own.map(({ name, source }) =>
    `def ${name}(text, gold, extra_info):
    """One number for a reply. In the run it was the function below."""
${commented(source)}
    raise NotImplementedError("${name}: write this reward function in rewards.py")
`
  );
  const parts = all.map(({ name, call }) => `        "${name}": ${call ?? `${name}(text, gold, extra_info)`},\n`).join(
    "",
  );
  const weights = all.map(({ name, weight }) => `"${name}": ${weight}`).join(", ");
  const clipped = clipRange === null ? "score" : `min(max(score, ${clipRange[0]}), ${clipRange[1]})`;
  const compute = `${head}    parts = {
${parts}    }
    weights = {${weights}}
    score = sum(weights[name] * value for name, value in parts.items())
    return {"score": ${clipped}, **parts}
`;
  return [await library(), ...stubs, compute].join("\n\n");
}

/** The library's rewards: a file of their own, which tools that load rewards.py by its path would not find. */
async function library(): Promise<string> {
  return await Deno.readTextFile(new URL("./python/gsm8k_rewards.py", import.meta.url));
}

function commented(source: string): string {
  return source.split("\n").map((line) => `    # ${line}`.trimEnd()).join("\n");
}
