/** The lines between `---` at the top of a Markdown file. */
import { cleanText } from "./clean_text.ts";

/** What stands above a Markdown text, and the text. */
export interface FrontMatter {
  fields: Record<string, string>;
  body: string;
}

/**
 * Reads `key: value` lines; of YAML's forms quotes, `[a, b]` and lists of `- item` lines are understood, which become `a, b`.
 * Anything deeper is left out. What does not begin with `---` and a line that looks like a field is text: a
 * Markdown file may begin with a rule.
 */
export function splitFrontMatter(markdown: string): FrontMatter {
  const text = cleanText(markdown);
  const found = /^---[^\S\n]*\n([\s\S]*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|$)/.exec(text);
  if (found === null || !FIELD.test(found[1].split("\n").find((line) => /^[^#\s]/.test(line)) ?? "")) {
    return { fields: {}, body: text };
  }
  const fields = new Map<string, string[]>();
  let key: string | undefined;
  for (const line of found[1].split("\n")) {
    const field = FIELD.exec(line);
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (field !== null) {
      key = field[1].trim();
      fields.set(key, values(field[2]));
    } else if (item !== null && key !== undefined) {
      fields.get(key)?.push(...values(item[1]));
    }
  }
  const entries = [...fields].filter(([name]) => name !== "__proto__").map(([name, all]) => [name, all.join(", ")]);
  return { fields: Object.fromEntries(entries), body: text.slice(found[0].length) };
}

const FIELD = /^([A-Za-z_][\w .-]*):(?:[^\S\n]+(.*))?$/;

function values(text = ""): string[] {
  const value = text.trim();
  if (/^\[.*\]$/.test(value)) return value.slice(1, -1).split(",").map(unquote).filter((part) => part !== "");
  // A folded or literal text (`>`, `|`) follows on lines of its own, which are left out.
  return value === "" || /^[|>][+-]?$/.test(value) ? [] : [unquote(value)];
}

function unquote(text: string): string {
  const value = text.trim();
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value);
  return quoted === null ? value.replace(/\s+#.*$/, "") : quoted[2];
}
