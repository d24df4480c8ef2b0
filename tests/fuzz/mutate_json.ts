/** Damage to JSON that leaves it JSON, so that it gets past the parser: other types, other numbers, other keys. */
import type { Random } from "../../lib/random/mod.ts";
import { oneOf } from "./mutate_bytes.ts";

/** What `JSON.parse` gives, and raw text that no value has, such as `1e400`. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json } | RawJson;

/** Text that is written as it is. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** Keys that mean something to JavaScript, or to nobody. */
const tellingKeys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  "",
  "\u0000",
  "then",
  "0",
  "__metadata__",
];

/** Numbers at the edges, as text: some are beyond what JavaScript can hold. */
const tellingNumbers = [
  ..."0,-0,1,-1,2,3,0.5,1.0,1e2,255,256,65536,2147483647,2147483648,4294967296".split(","),
  ..."9007199254740991,9007199254740992,9223372036854775807,9223372036854775808,18446744073709551615".split(","),
  ..."-9223372036854775809,1e15,1e21,1e308,1e400,-1e400,1e-400,123456789012345678901234567890".split(","),
];

const tellingTexts: ((random: Random) => string)[] = [
  () => '""',
  () => '"\\ud83d"',
  () => '"\\u0000"',
  () => '"__proto__"',
  () => '"../../etc/passwd"',
  () => '"1"',
  (random) => JSON.stringify("a".repeat(random.integer(100, 5000))),
  (random) => JSON.stringify("\u{1F9EA}é\n".repeat(random.integer(1, 50))),
];

const containers: ((random: Random) => string)[] = [
  () => "[]",
  () => "{}",
  () => "[[]]",
  () => '{"__proto__":{"polluted":true}}',
  () => '{"constructor":{"prototype":{"polluted":true}}}',
  (random) => `[${Array.from({ length: random.integer(1, 20) }, () => oneOf(random, tellingNumbers)).join(",")}]`,
  (random) => `[${"1,".repeat(random.chance(0.004) ? 100_000 : random.integer(10, 500))}1]`,
  (random) => nested(random, "[", "]"),
  (random) => nested(random, '{"a":', "}", "1"),
];

function nested(random: Random, open: string, close: string, inside = ""): string {
  const depth = random.chance(0.05) ? oneOf(random, [1000, 20_000, 200_000]) : random.integer(2, 60);
  return open.repeat(depth) + inside + close.repeat(depth);
}

/** Some value that is probably wrong where it stands. */
export function tellingValue(random: Random): RawJson {
  const kind = random.integer(0, 9);
  if (kind < 4) return new RawJson(oneOf(random, tellingNumbers));
  if (kind < 6) return new RawJson(oneOf(random, tellingTexts)(random));
  if (kind < 9) return new RawJson(oneOf(random, containers)(random));
  return new RawJson(oneOf(random, ["null", "true", "false"]));
}

/** JSON text of a value changed in one to three places. The value itself stays. */
export function mutateJson(value: Json, random: Random, tell: (random: Random) => Json = tellingValue): string {
  let changed = value;
  for (let left = random.integer(1, 3); left > 0; left--) changed = edit(changed, random, tell);
  return writeJson(changed);
}

/** Marks, in a key, its second occurrence: objects cannot hold a key twice, text can. */
const again = "\u0001again";

function edit(value: Json, random: Random, tell: (random: Random) => Json): Json {
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) return random.chance(0.4) ? near(value, random) : tell(random);
  const keys = Object.keys(value);
  // Mostly deeper in: the root has few of the values.
  if (keys.length > 0 && random.chance(0.75)) {
    const key = oneOf(random, keys);
    const inside = (value as Record<string, Json>)[key];
    if (isList) return value.with(Number(key), edit(inside, random, tell));
    return withKey(value, key, edit(inside, random, tell));
  }
  const key = keys.length === 0 ? "a" : oneOf(random, keys);
  const other = keys.length === 0 ? null : (value as Record<string, Json>)[oneOf(random, keys)];
  if (isList) {
    const at = random.integer(0, value.length);
    switch (random.integer(0, 4)) {
      case 0:
        return value.toSpliced(at, 1);
      case 1:
        return value.toSpliced(at, 0, tell(random));
      case 2:
        return value.toSpliced(at, 0, other);
      case 3:
        return value.toReversed();
      default:
        return tell(random);
    }
  }
  switch (random.integer(0, 6)) {
    case 0:
      return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    case 1:
      return Object.fromEntries(
        Object.entries(value).map(([name, inside]) => [name === key ? newKey(key, random) : name, inside]),
      );
    case 2:
      return withKey(value, newKey(key, random), tell(random));
    case 3:
      return withKey(value, newKey(key, random), other);
    case 4:
      return withKey(value, key, other);
    case 5:
      return withKey(value, `${key}${again}`, random.chance(0.5) ? other : tell(random));
    default:
      return tell(random);
  }
}

/** The same kind of value, a little off. */
function near(value: Json, random: Random): Json {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") {
    return oneOf(random, [value + 1, value - 1, -value, value * 2, value / 2, value + 0.5]);
  }
  if (typeof value === "string") {
    return oneOf(random, [value + " ", value.slice(0, -1), value.toUpperCase(), value + value, `${value}\u0000`]);
  }
  return tellingValue(random);
}

function newKey(key: string, random: Random): string {
  return random.chance(0.5) ? oneOf(random, tellingKeys) : key + oneOf(random, ["2", " ", ".weight", key]);
}

/** A copy with a key, which may be `__proto__`. */
function withKey(value: Record<string, Json>, key: string, inside: Json): Json {
  return Object.fromEntries([...Object.entries(value), [key, inside]]);
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !(value instanceof RawJson);
}

/** JSON text of a value that holds raw text, and keys that stand twice. */
export function writeJson(value: Json): string {
  const raw: string[] = [];
  const text = JSON.stringify(
    value,
    (_, inside) => inside instanceof RawJson ? `\u0001raw${raw.push(inside.text) - 1}` : inside,
  );
  return text.replace(/"\\u0001raw(\d+)"/g, (_, index) => raw[Number(index)]).replaceAll("\\u0001again", "");
}
