/** The lines between `---` at the top of a Markdown file. */
import { cleanText } from "./clean_text.ts";

/** What stands above a Markdown text, and the text. */
export interface FrontMatter {
  fields: Record<string, string>;
  body: string;
}

/**
 * Reads `key: value` lines; of YAML's forms quotes, `[a, b]` and lists of `- item` lines are understood, which become `a, b`.
 * Anything deeper is left out. What does not begin with `---`, or holds a line that YAML would not have there, is text: a
 * Markdown file may begin with a rule.
 */
export function splitFrontMatter(markdown: string): FrontMatter {
  const text = cleanText(markdown);
  const found = /^---[^\S\n]*\n([\s\S]*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)/.exec(text);
  const lines = found?.[1].split("\n") ?? [];
  if (found === null || !FIELD.test(lines.find((line) => /^[^#\s]/.test(line)) ?? "") || !lines.every(isOfYaml)) {
    return { fields: {}, body: text };
  }
  const fields = new Map<string, string[]>();
  let key: string | undefined;
  for (const line of lines) {
    const field = FIELD.exec(line);
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (field !== null) {
      key = field[1] === undefined ? unquoted(field[2]) : field[1].trim();
      fields.set(key, values(field[3]));
    } else if (item !== null && key !== undefined) {
      fields.get(key)?.push(...values(item[1]));
    }
  }
  const entries = [...fields].filter(([name]) => name !== "__proto__").map(([name, all]) => [name, all.join(", ")]);
  return { fields: Object.fromEntries(entries), body: text.slice(found[0].length) };
}

const FIELD = /^(?:([\p{L}_][\p{L}\p{M}\p{N}_ .-]*)|("[^"\\]+"|'[^']+')[^\S\n]*):(?:[^\S\n]+(.*))?$/u;

/** A field of whatever name, an item of a list, the end of brackets, a comment, or a line that belongs to the one above. */
function isOfYaml(line: string): boolean {
  return /^(?:$|\s|#|-(?:\s|$)|[\]}]\s*$|\S.*?:(?:\s|$))/.test(line);
}

/** Longer values are cut: metadata is no place for them, and text that looks like many quotes would take long. */
const LONGEST_VALUE = 5000;

function values(text = ""): string[] {
  const value = text.trim().slice(0, LONGEST_VALUE);
  if (/^\[.*\]$/.test(value)) {
    return (value.slice(1, -1).match(FLOW_ITEM) ?? []).map(unquoted).filter((part) => part !== "");
  }
  // A folded or literal text (`>`, `|`) follows on lines of its own, which are left out.
  return value === "" || /^[|>][+-]?$/.test(value) ? [] : [unquoted(value)];
}

/** A comma within quotes parts nothing. */
const FLOW_ITEM = /(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,])+/g;
const QUOTED = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')(?:\s+#.*)?$/;

function unquoted(text: string): string {
  const value = text.trim();
  const [, double, single] = QUOTED.exec(value) ?? [];
  if (double !== undefined) return double.replace(/\\(["\\/])/g, "$1");
  if (single !== undefined) return single.replaceAll("''", "'");
  const comment = value.search(/(?<=\s)#/);
  return comment < 0 ? value : value.slice(0, comment).trimEnd();
}
