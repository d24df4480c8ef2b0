/**
 * Tables as Parquet files, plain and uncompressed, in the few shapes that trainers read: texts, whole numbers, records, and
 * lists of records of texts. Written here because readers of Python's stop at what polars writes for texts within lists.
 *
 * Source: the Parquet format (https://parquet.apache.org/docs/file-format/) and Thrift's compact protocol.
 */
import { Bytes, Thrift } from "./thrift.ts";

/** The type of a column. */
export type ParquetType =
  | "string"
  | "int64"
  | { readonly record: Readonly<Record<string, "string" | "int64">> }
  | { readonly listOf: readonly string[] };

/** A row: values by the names of the columns. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** Columns by their names, in their order. */
export type ParquetSchema = Readonly<Record<string, ParquetType>>;

interface Leaf {
  path: string[];
  type: "string" | "int64";
  isRepeated: boolean;
  /** The values of a row: one, or one for each record of the list. */
  valuesOf: (row: ParquetRow) => readonly unknown[];
}

/**
 * Writes rows as one file.
 *
 * @throws {TypeError} naming row and column when a value is not of its column's type
 */
export function toParquet(rows: readonly ParquetRow[], schema: ParquetSchema): Uint8Array {
  const out = new Bytes();
  out.text("PAR1");
  const chunks = leavesOf(schema).map((leaf) => {
    const offset = out.length;
    const { page, values } = pageOf(leaf, rows);
    out.bytes(pageHeader(page.length, values).done());
    out.bytes(page.done());
    return { leaf, offset, values, size: out.length - offset };
  });
  const footer = fileMetadata(rows.length, schema, chunks).done();
  out.bytes(footer);
  out.uint32(footer.length);
  out.text("PAR1");
  return out.done();
}

function leavesOf(schema: ParquetSchema): Leaf[] {
  return Object.entries(schema).flatMap(([name, type]): Leaf[] => {
    if (typeof type === "string") return [{ path: [name], type, isRepeated: false, valuesOf: (row) => [row[name]] }];
    if ("record" in type) {
      return Object.entries(type.record).map(([field, type]) => ({
        path: [name, field],
        type,
        isRepeated: false,
        valuesOf: (row) => [(row[name] as ParquetRow | undefined)?.[field]],
      }));
    }
    return type.listOf.map((field) => ({
      path: [name, "list", "element", field],
      type: "string" as const,
      isRepeated: true,
      valuesOf: (row) => (row[name] as readonly ParquetRow[]).map((record) => record[field]),
    }));
  });
}

/** Levels and values of a column. An empty list has a level and no value. */
function pageOf({ path, type, isRepeated, valuesOf }: Leaf, rows: readonly ParquetRow[]) {
  const page = new Bytes();
  const values = new Bytes();
  const repetition: number[] = [];
  const definition: number[] = [];
  rows.forEach((row, index) => {
    const given = valuesOf(row);
    if (given.length === 0) {
      repetition.push(0);
      definition.push(0);
    }
    given.forEach((value, i) => {
      repetition.push(i === 0 ? 0 : 1);
      definition.push(1);
      if (type === "string" && typeof value === "string") values.sized(encoder.encode(value));
      else if (type === "int64" && Number.isSafeInteger(value)) values.int64(value as number);
      else throw new TypeError(`row ${index}, ${path.join(".")}: expected ${type}, got ${JSON.stringify(value)}`);
    });
  });
  if (isRepeated) {
    page.levels(repetition);
    page.levels(definition);
  }
  page.bytes(values.done());
  return { page, values: repetition.length };
}

const encoder = new TextEncoder();

const PHYSICAL = { int64: 2, string: 6 } as const;
const CONVERTED_UTF8 = 0;
const CONVERTED_LIST = 3;
const [REQUIRED, REPEATED] = [0, 2];
const [PLAIN, RLE] = [0, 3];

function pageHeader(size: number, values: number): Thrift {
  const header = new Thrift();
  header.i32(1, 0); // a data page
  header.i32(2, size);
  header.i32(3, size);
  header.record(5, (data) => {
    data.i32(1, values);
    data.i32(2, PLAIN);
    data.i32(3, RLE);
    data.i32(4, RLE);
  });
  header.stop();
  return header;
}

function fileMetadata(
  rows: number,
  schema: ParquetSchema,
  chunks: readonly { leaf: Leaf; offset: number; values: number; size: number }[],
): Thrift {
  const footer = new Thrift();
  footer.i32(1, 2);
  footer.records(2, schemaElements(schema));
  footer.i64(3, rows);
  const bytes = chunks.reduce((sum, { size }) => sum + size, 0);
  const columns = chunks.map(({ leaf, offset, values, size }) => (column: Thrift) => {
    column.i64(2, offset);
    column.record(3, (metadata) => {
      metadata.i32(1, PHYSICAL[leaf.type]);
      metadata.integers(2, [PLAIN, RLE]);
      metadata.texts(3, leaf.path);
      metadata.i32(4, 0); // uncompressed
      metadata.i64(5, values);
      metadata.i64(6, size);
      metadata.i64(7, size);
      metadata.i64(9, offset);
    });
  });
  footer.records(4, [(group) => {
    group.records(1, columns);
    group.i64(2, bytes);
    group.i64(3, rows);
  }]);
  footer.string(6, "kiln");
  footer.stop();
  return footer;
}

function schemaElements(schema: ParquetSchema): ((element: Thrift) => void)[] {
  const group =
    (name: string, children: number, repetition: number | null, converted?: number) => (element: Thrift) => {
      if (repetition !== null) element.i32(3, repetition);
      element.string(4, name);
      element.i32(5, children);
      if (converted !== undefined) element.i32(6, converted);
    };
  const leaf = (name: string, type: "string" | "int64") => (element: Thrift) => {
    element.i32(1, PHYSICAL[type]);
    element.i32(3, REQUIRED);
    element.string(4, name);
    if (type === "string") element.i32(6, CONVERTED_UTF8);
  };
  const columns = Object.entries(schema).flatMap(([name, type]) => {
    if (typeof type === "string") return [leaf(name, type)];
    if ("record" in type) {
      const fields = Object.entries(type.record);
      return [group(name, fields.length, REQUIRED), ...fields.map(([field, type]) => leaf(field, type))];
    }
    return [
      group(name, 1, REQUIRED, CONVERTED_LIST),
      group("list", 1, REPEATED),
      group("element", type.listOf.length, REQUIRED),
      ...type.listOf.map((field) => leaf(field, "string")),
    ];
  });
  return [group("schema", Object.keys(schema).length, null), ...columns];
}
