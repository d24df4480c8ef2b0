/** Evaluations of reflection as tables to read. */
import type { CountedShare, ReflectionEvaluation } from "./evaluate_reflection.ts";

const COLUMNS = ["found", "foundAsSuch", "fixed", "broken", "unchanged", "falseAlarms"] as const;
const HEADINGS = ["found", "found as such", "fixed", "broken", "unchanged", "false alarms"];

/** A Markdown table with a line for each kind and one for all; intervals at 95 % in the last. */
export function reflectionTable({ kinds, all }: ReflectionEvaluation): string {
  const lines = kinds.map((
    { kind, cases, ...shares },
  ) => [kind, String(cases), ...COLUMNS.map((column) => plain(shares[column]))]);
  lines.push(["all", String(all.cases), ...COLUMNS.map((column) => withInterval(all[column]))]);
  return tableOf([["kind", "cases", ...HEADINGS], ...lines]);
}

/** A Markdown table with a line for each evaluation: all of its cases together. */
export function compareReflections(evaluations: readonly ReflectionEvaluation[]): string {
  const lines = evaluations.map(({ name, all, stages }) => {
    const cost = stages.reduce(
      (sum, { runs, milliseconds, promptTokens, completionTokens }) => ({
        milliseconds: sum.milliseconds + runs * milliseconds,
        tokens: sum.tokens + runs * (promptTokens + completionTokens),
      }),
      { milliseconds: 0, tokens: 0 },
    );
    const each = (value: number) => Math.round(value / all.cases).toString();
    return [name, ...COLUMNS.map((column) => withInterval(all[column])), each(cost.milliseconds), each(cost.tokens)];
  });
  return tableOf([["auditor", ...HEADINGS, "ms a draft", "tokens a draft"], ...lines]);
}

function plain({ count, of: cases }: CountedShare): string {
  return cases === 0 ? "" : `${count} of ${cases}`;
}

function withInterval(share: CountedShare): string {
  if (share.interval === null) return "";
  const percent = (value: number) => Math.round(100 * value);
  return `${plain(share)} (${percent(share.interval.low)} to ${percent(share.interval.high)} %)`;
}

function tableOf([heading, ...lines]: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...lines.map(line)].join("\n") + "\n";
}
