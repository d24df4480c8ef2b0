/** Configuration as YAML that both YAML 1.1 and 1.2 read alike. */
import type { Json } from "./mapping.ts";

/** Writes a record, nested ones indented; lists and texts in JSON's form, which is YAML too. */
export function toYaml(record: Readonly<Record<string, Json>>, indent = ""): string {
  return Object.entries(record).map(([name, value]) => {
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value) &&
      Object.keys(value).length > 0;
    return isNested
      ? `${indent}${name}:\n${toYaml(value as Record<string, Json>, indent + "  ")}`
      : `${indent}${name}: ${scalar(value)}\n`;
  }).join("");
}

function scalar(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(", ")}]`;
  if (typeof value === "number") return yamlNumber(value);
  if (typeof value === "string" && /^[A-Za-z_./][\w./-]*$/.test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value);
}

/** Words that YAML 1.1 reads as something else than text. */
const WORDS = /^(y|n|yes|no|on|off|true|false|null|nan|\.inf|\.nan|[.\d]+)$/i;

/** PyYAML takes 1e-5 for a text: it wants a point and an exponent with a sign. */
export function yamlNumber(value: number): string {
  const text = String(value);
  const [, digits, exponent] = /^(-?[\d.]+)e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  return `${digits.includes(".") ? digits : `${digits}.0`}e${exponent}`;
}

/** Nests `a.b.c` names. */
export function nested(flat: Readonly<Record<string, Json>>): Record<string, Json> {
  const tree: Record<string, Json> = {};
  for (const [path, value] of Object.entries(flat)) {
    const names = path.split(".");
    let at = tree;
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, Json>;
    at[names.at(-1)!] = value;
  }
  return tree;
}
