/**
 * Metadata by key and type. Each function gives undefined when the key is absent, and throws when it holds something
 * else.
 */
import { GgufError, quote } from "./format.ts";
import type { GgufValue } from "./metadata_values.ts";

/** What has metadata: an open file, or one being made. */
export interface HasMetadata {
  /** For messages. */
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
}

/** A text. @throws {GgufError} when the key holds something else */
export function readText(file: HasMetadata, key: string): string | undefined {
  const value = file.metadata.get(key);
  if (value === undefined || value.type === "string") return value?.value;
  throw unexpected(file, key, "a string");
}

/** An array of texts. @throws {GgufError} when the key holds something else */
export function readTexts(file: HasMetadata, key: string): readonly string[] | undefined {
  const value = file.metadata.get(key);
  if (value === undefined) return undefined;
  if (value.type === "array" && value.items === "string") return value.values;
  // An empty array may have been written with any type.
  if (value.type === "array" && value.values.length === 0) return [];
  throw unexpected(file, key, "an array of strings");
}

/** True or false. @throws {GgufError} when the key holds something else */
export function readBool(file: HasMetadata, key: string): boolean | undefined {
  const value = file.metadata.get(key);
  if (value === undefined || value.type === "bool") return value?.value;
  throw unexpected(file, key, "a boolean");
}

/** A number of any numeric type. @throws {GgufError} when the key holds something else */
export function readNumber(file: HasMetadata, key: string): number | undefined {
  const value = file.metadata.get(key);
  if (value === undefined) return undefined;
  if ("value" in value && (typeof value.value === "number" || typeof value.value === "bigint")) {
    return Number(value.value);
  }
  throw unexpected(file, key, "a number");
}

/** A whole number from 0, such as a size or a token id. @throws {GgufError} when the key holds something else */
export function readInteger(file: HasMetadata, key: string): number | undefined {
  const number = readNumber(file, key);
  if (number === undefined || isSize(number)) return number;
  throw unexpected(file, key, "a whole number from 0");
}

/** An array of numbers of any numeric type. @throws {GgufError} when the key holds something else */
export function readNumbers(file: HasMetadata, key: string): number[] | undefined {
  const value = file.metadata.get(key);
  if (value === undefined) return undefined;
  if (value.type === "array" && value.values.length === 0) return [];
  if (value.type === "array" && value.items !== "string" && value.items !== "bool") {
    return Array.from<number | bigint, number>(value.values, Number);
  }
  throw unexpected(file, key, "an array of numbers");
}

/** An array of whole numbers from 0. @throws {GgufError} when the key holds something else */
export function readIntegers(file: HasMetadata, key: string): number[] | undefined {
  const numbers = readNumbers(file, key);
  if (numbers === undefined || numbers.every(isSize)) return numbers;
  throw unexpected(file, key, "an array of whole numbers from 0");
}

/** A value that has to be there. @throws {GgufError} when it is undefined */
export function required<T>(file: HasMetadata, key: string, value: T | undefined): T {
  if (value === undefined) {
    throw new GgufError(file.path, `has no metadata ${quote(key)}; expected it there. Convert the model again.`);
  }
  return value;
}

function isSize(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function unexpected(file: HasMetadata, key: string, expected: string): GgufError {
  const value = file.metadata.get(key);
  const found = value?.type === "array"
    ? `an array of ${value.items}, ${value.values.length} long`
    : `${value?.type} ${quote(value?.value)}`;
  return new GgufError(file.path, `metadata ${quote(key)} is ${found}; expected ${expected}.`);
}
