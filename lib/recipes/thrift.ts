/** Bytes as Parquet has them, and records in Thrift's compact protocol. */

const encoder = new TextEncoder();

/** Thrift's numbers for the types of fields. */
const T = { i32: 5, i64: 6, binary: 8, list: 9, record: 12 } as const;

/** Bytes that grow. */
export class Bytes {
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
export class Thrift extends Bytes {
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
