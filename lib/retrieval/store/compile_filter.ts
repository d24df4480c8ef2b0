/** Filters as the SQL that LanceDB reads. */
import { type Filter, type FilterValue, parseFilter } from "./filter.ts";

/** What a column holds. */
type ColumnType = "text" | "integer" | "boolean";

const COLUMN_TYPES: Readonly<Record<string, ColumnType>> = {
  id: "text",
  source: "text",
  title: "text",
  text: "text",
  page: "integer",
  start: "integer",
  end: "integer",
  tokens: "integer",
  untrusted: "boolean",
};

const OPERATORS = { eq: "=", ne: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;
const OPPOSITES = { eq: "ne", ne: "eq", lt: "gte", lte: "gt", gt: "lte", gte: "lt" } as const;

type Comparison = Extract<Filter, { column: string }>;

/**
 * Compiles a filter. Every value is a quoted literal and every column one of the table's, so nothing of a filter can be read
 * as SQL. `not` is carried down to the comparisons: nested `NOT (` makes LanceDB's parser slow without end.
 *
 * @param filterColumns The table's columns of metadata.
 * @throws {TypeError} naming a column that there is not, or a value that its column cannot have
 */
export function compileFilter(filter: Filter, filterColumns: readonly string[]): string {
  return compile(parseFilter(filter), false, filterColumns);
}

function compile(filter: Filter, negated: boolean, filterColumns: readonly string[]): string {
  if (filter.op === "not") return compile(filter.filter, !negated, filterColumns);
  if ("filters" in filter) {
    const isAnd = (filter.op === "and") !== negated;
    // Nothing to hold is held; nothing to choose from is not.
    if (filter.filters.length === 0) return isAnd ? "true" : "false";
    const parts = filter.filters.map((part) => compile(part, negated, filterColumns));
    return parts.length === 1 ? parts[0] : `(${parts.join(isAnd ? " AND " : " OR ")})`;
  }
  return compileComparison(filter, negated, columnType(filter, filterColumns));
}

function compileComparison(filter: Comparison, negated: boolean, type: ColumnType): string {
  const name = `\`${filter.column}\``;
  // Where a value is absent, a comparison is false and its opposite true.
  const orAbsent = (condition: string) => `(${name} IS NULL OR ${condition})`;
  switch (filter.op) {
    case "isNull":
      return `${name} IS ${negated ? "NOT NULL" : "NULL"}`;
    case "in": {
      if (filter.values.length === 0) return negated ? "true" : "false";
      const list = filter.values.map((value) => literal(value, filter, type)).join(", ");
      return negated ? orAbsent(`${name} NOT IN (${list})`) : `${name} IN (${list})`;
    }
    case "startsWith":
    case "contains": {
      if (type !== "text") fail(filter, `expected a column of text, and this one's are ${type} values`);
      const call = `${filter.op === "contains" ? "contains" : "starts_with"}(${name}, ${quote(filter.value)})`;
      return negated ? orAbsent(`NOT ${call}`) : call;
    }
    default: {
      if (type === "boolean" && filter.op !== "eq" && filter.op !== "ne") fail(filter, "true and false have no order");
      const op = negated ? OPPOSITES[filter.op] : filter.op;
      const condition = `${name} ${OPERATORS[op]} ${literal(filter.value, filter, type)}`;
      return (filter.op === "ne") !== negated ? orAbsent(condition) : condition;
    }
  }
}

function columnType(filter: Comparison, filterColumns: readonly string[]): ColumnType {
  if (Object.hasOwn(COLUMN_TYPES, filter.column)) return COLUMN_TYPES[filter.column];
  if (filterColumns.includes(filter.column)) return "text";
  const known = [...Object.keys(COLUMN_TYPES), ...filterColumns].join(", ");
  return fail(filter, `there is no such column; expected one of ${known}`);
}

function literal(value: FilterValue, filter: Comparison, type: ColumnType): string {
  if (type === "text" && typeof value === "string") return quote(value);
  if (type === "boolean" && typeof value === "boolean") return String(value);
  // Columns of numbers are int32, and LanceDB takes no literal that is none.
  if (type === "integer" && typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    return String(value);
  }
  const expected = { text: "text", integer: "a whole number of 32 bits", boolean: "true or false" }[type];
  return fail(filter, `expected ${expected}, got ${JSON.stringify(value)}`);
}

/** A text as a literal. Only the quote itself means something in one; text that UTF-8 cannot hold is stored mended too. */
function quote(text: string): string {
  return `'${text.toWellFormed().replaceAll("'", "''")}'`;
}

function fail({ op, column }: Comparison, why: string): never {
  throw new TypeError(`filter: ${op} on "${column}": ${why}`);
}
