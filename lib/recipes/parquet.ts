/**
 * Tables as Parquet files, plain and uncompressed, in the few shapes that trainers read: texts, whole numbers, records, and
 * lists of records of texts. Written here because readers of Python's stop at what polars writes for texts within lists.
 *
 * Source: the Parquet format (https://parquet.apache.org/docs/file-format/) and Thrift's compact protocol.
 */

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

/** Thrift's numbers for the types of fields. */
const T = { i32: 5, i64: 6, binary: 8, list: 9, record: 12 } as const;

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

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(1024);
  length = 0;

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + count));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.length++] = value;
  }

  uint32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  int64(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    this.bytes(bytes);
  }

  text(text: string): void {
    this.bytes(encoder.encode(text));
  }

  /** A text with its length before it. */
  sized(bytes: Uint8Array): void {
    this.uint32(bytes.length);
    this.bytes(bytes);
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte(rest % 0x80 + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Levels of 0 and 1, as runs, with their length in bytes before them. */
  levels(levels: readonly number[]): void {
    const runs = new Bytes();
    for (let from = 0, to = 0; from < levels.length; from = to) {
      while (to < levels.length && levels[to] === levels[from]) to++;
      runs.varint((to - from) * 2);
      runs.byte(levels[from]);
    }
    this.sized(runs.done());
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** A record in Thrift's compact protocol; fields come in rising order of their numbers. */
class Thrift extends Bytes {
  #last = 0;

  #field(id: number, type: number): void {
    this.byte(((id - this.#last) << 4) | type);
    this.#last = id;
  }

  /** Negative numbers take odd codes; none is written here. */
  i32(id: number, value: number): void {
    this.#field(id, T.i32);
    this.varint(value * 2);
  }

  i64(id: number, value: number): void {
    this.#field(id, T.i64);
    this.varint(value * 2);
  }

  string(id: number, value: string): void {
    this.#field(id, T.binary);
    this.#binary(value);
  }

  #binary(value: string): void {
    const bytes = encoder.encode(value);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  #list(id: number, type: number, size: number): void {
    this.#field(id, T.list);
    if (size < 15) this.byte((size << 4) | type);
    else {
      this.byte(0xf0 | type);
      this.varint(size);
    }
  }

  integers(id: number, values: readonly number[]): void {
    this.#list(id, T.i32, values.length);
    for (const value of values) this.varint(value * 2);
  }

  texts(id: number, values: readonly string[]): void {
    this.#list(id, T.binary, values.length);
    for (const value of values) this.#binary(value);
  }

  record(id: number, fill: (record: Thrift) => void): void {
    this.#field(id, T.record);
    this.#nested(fill);
  }

  records(id: number, fills: readonly ((record: Thrift) => void)[]): void {
    this.#list(id, T.record, fills.length);
    for (const fill of fills) this.#nested(fill);
  }

  #nested(fill: (record: Thrift) => void): void {
    const record = new Thrift();
    fill(record);
    record.stop();
    this.bytes(record.done());
  }

  stop(): void {
    this.byte(0);
  }
}
