/** A request's body: JSON of a bounded size, sent within a bounded time. */
import type { z } from "zod";
import { ApiError, badRequest, fromZod } from "./api_error.ts";
import type { Limits } from "./limits.ts";

/** Deeper JSON is no request, but would overflow the stack of whoever walks through it. */
const MAX_DEPTH = 64;

/**
 * Reads and checks a request's body. What the schema does not know is passed over, as clients send fields of their own.
 *
 * @throws {ApiError} 400, 408, 413 or 415.
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  limits: Pick<Limits, "maxBodyBytes" | "bodySeconds">,
): Promise<z.infer<Schema>> {
  const parsed = schema.safeParse(await readJson(request, limits));
  if (!parsed.success) throw fromZod(parsed.error);
  return parsed.data;
}

async function readJson(request: Request, limits: Pick<Limits, "maxBodyBytes" | "bodySeconds">): Promise<unknown> {
  // A page of another site can send any other type without asking first.
  const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
  if (type !== "application/json") {
    throw new ApiError(415, `expected a body of type application/json, got ${type === "" ? "none" : type}`);
  }
  const coding = request.headers.get("content-encoding");
  if (coding !== null && coding !== "identity") {
    throw new ApiError(415, `expected a body without content-encoding, got ${coding}`);
  }
  const bytes = await readBytes(request, limits);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw badRequest(`the body is no JSON: ${why}`, undefined, "invalid_json");
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`, undefined, "invalid_json");
  }
  return value;
}

async function readBytes(
  request: Request,
  { maxBodyBytes, bodySeconds }: Pick<Limits, "maxBodyBytes" | "bodySeconds">,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError(413, `the body is larger than ${maxBodyBytes} bytes`, {
      code: "request_too_large",
      headers: { connection: "close" },
    });
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) throw tooLarge();
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), bodySeconds * 1000));
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    while (true) {
      const read = await Promise.race([reader.read(), late]);
      if (read === "late") {
        throw new ApiError(408, `the body was not sent within ${bodySeconds} s`, {
          code: "request_timeout",
          headers: { connection: "close" },
        });
      }
      if (read.done) return joined(parts, length);
      length += read.value.length;
      if (length > maxBodyBytes) throw tooLarge();
      parts.push(read.value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, "the body ended before its time", { code: "request_broken_off" });
  } finally {
    clearTimeout(timer);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isDeeper(value: unknown, depth: number): boolean {
  let level = [value];
  for (let at = 0; at <= depth && level.length > 0; at++) {
    level = level.flatMap((item) => typeof item === "object" && item !== null ? Object.values(item) : []);
  }
  return level.length > 0;
}
