/**
 * Jupyter's messages: signed JSON parts on a ZeroMQ socket, and the few kinds that matter for running a notebook.
 *
 * Source: "Messaging in Jupyter", https://jupyter-client.readthedocs.io/en/stable/messaging.html (protocol 5.3)
 */

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Bytes } from "./zmtp_frames.ts";

/** A mime bundle: mime type to its data, a string except for JSON types. */
export const MimeBundle = z.record(z.string(), z.unknown());
export type MimeBundle = z.infer<typeof MimeBundle>;

const Display = z.object({
  data: MimeBundle,
  metadata: z.record(z.string(), z.unknown()).nullish().transform((metadata) => metadata ?? {}),
  transient: z.object({ display_id: z.string().nullish() }).nullish(),
});

const ErrorContent = z.object({ ename: z.string(), evalue: z.string(), traceback: z.array(z.string()).default([]) });

/** What the kernel publishes on iopub while a cell runs. */
const Published = z.discriminatedUnion("type", [
  z.object({ type: z.literal("status"), content: z.object({ execution_state: z.string() }) }),
  z.object({ type: z.literal("execute_input"), content: z.object({ execution_count: z.number().int() }) }),
  z.object({ type: z.literal("stream"), content: z.object({ name: z.enum(["stdout", "stderr"]), text: z.string() }) }),
  z.object({ type: z.literal("display_data"), content: Display }),
  z.object({ type: z.literal("update_display_data"), content: Display }),
  z.object({ type: z.literal("execute_result"), content: Display.extend({ execution_count: z.number().int() }) }),
  z.object({ type: z.literal("clear_output"), content: z.object({ wait: z.boolean().default(false) }) }),
  z.object({ type: z.literal("error"), content: ErrorContent }),
]);
export type Published = z.infer<typeof Published>;
export type DisplayContent = z.infer<typeof Display>;

/** How the kernel says that a cell has finished. */
const ExecuteReply = z.discriminatedUnion("status", [
  z.object({ status: z.literal("ok"), execution_count: z.number().int() }),
  ErrorContent.extend({ status: z.literal("error") }),
  z.object({ status: z.enum(["aborted", "abort"]) }),
]);
export type ExecuteReply = z.infer<typeof ExecuteReply>;

const Header = z.object({ msg_id: z.string(), msg_type: z.string() });

/** A message as read, its content not yet looked at. */
export type JupyterMessage = { id: string; type: string; parentId: string | undefined; content: unknown };

/** A message from the kernel that does not read as Jupyter's protocol. */
export class JupyterProtocolError extends Error {
  override name = "JupyterProtocolError";
}

const DELIMITER = "<IDS|MSG>";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes and reads the messages of one session; every message is signed with the session's key. */
export class MessageCodec {
  readonly #key: string;
  readonly #session = crypto.randomUUID();

  constructor(key: string) {
    this.#key = key;
  }

  /** The frames of a new message, and its id, by which the replies name it. */
  encode(type: string, content: Record<string, unknown>): { id: string; frames: Bytes[] } {
    const id = crypto.randomUUID();
    const header = {
      msg_id: id,
      session: this.#session,
      username: "kiln",
      date: new Date().toISOString(),
      msg_type: type,
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => encoder.encode(JSON.stringify(part)));
    const signature = this.#sign(parts).toString("hex");
    return { id, frames: [encoder.encode(DELIMITER), encoder.encode(signature), ...parts] };
  }

  /**
   * Reads the frames of a message.
   *
   * @throws JupyterProtocolError when parts are missing, the signature is not ours, or a part is not JSON
   */
  decode(frames: readonly Bytes[]): JupyterMessage {
    // What stands before the delimiter is routing: ids, or the topic on iopub.
    const start = frames.findIndex((frame) => frame.length === DELIMITER.length && decoder.decode(frame) === DELIMITER);
    const parts = frames.slice(start + 2, start + 6);
    if (start < 0 || parts.length < 4) {
      throw new JupyterProtocolError(`expected ${DELIMITER}, a signature and four parts; got ${frames.length} frames`);
    }
    const signature = Buffer.from(decoder.decode(frames[start + 1]), "hex");
    const expected = this.#sign(parts);
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new JupyterProtocolError("a message with a wrong signature: it is not from the kernel that we started");
    }
    try {
      const [header, parent, , content] = parts.map((part) => JSON.parse(decoder.decode(part)) as unknown);
      const { msg_id, msg_type } = Header.parse(header);
      const parentId = Header.pick({ msg_id: true }).safeParse(parent).data?.msg_id;
      return { id: msg_id, type: msg_type, parentId, content };
    } catch (error) {
      throw new JupyterProtocolError(
        `a message that does not parse: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #sign(parts: readonly Bytes[]): Buffer {
    const hmac = createHmac("sha256", this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }
}

/**
 * The message as one of the kinds that make outputs, or undefined for kinds that do not (comm messages and the like).
 *
 * @throws JupyterProtocolError when it is of a known kind with content of the wrong form
 */
export function readPublished(message: JupyterMessage): Published | undefined {
  if (!Published.options.some((option) => option.shape.type.value === message.type)) return undefined;
  return readAs(Published, { type: message.type, content: message.content }, message.type);
}

/**
 * The message as the reply to a cell, or undefined when it replies to something else.
 *
 * @throws JupyterProtocolError when its content is of the wrong form
 */
export function readExecuteReply(message: JupyterMessage): ExecuteReply | undefined {
  return message.type === "execute_reply" ? readAs(ExecuteReply, message.content, message.type) : undefined;
}

function readAs<T>(schema: z.ZodType<T>, value: unknown, type: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new JupyterProtocolError(`a ${type} message of the wrong form: ${z.prettifyError(parsed.error)}`);
}
