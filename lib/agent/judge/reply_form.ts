/**
 * The form of a reply: one list of labels from which both the prompt's description and the reader are made, so that no reader
 * waits for a label that the prompt does not name.
 */
import { z } from "zod";
import { closingObject } from "./closing_object.ts";

/** A label of a form: how it is described to the model, and what it has to be. */
export interface FormField<Value> {
  description: string;
  schema: z.ZodType<Value>;
}

/** A number from 0 to 1. What lies outside is malformed: another scale was meant, and nobody knows which. */
export function shareField(meaning: string): FormField<number> {
  return { description: `a number from 0 to 1: ${meaning}`, schema: z.number().min(0).max(1) };
}

/** True or false. */
export function flagField(meaning: string): FormField<boolean> {
  return { description: `true or false: ${meaning}`, schema: z.boolean() };
}

/** One of some words. */
export function choiceField<const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  meaning: string,
): FormField<Choice> {
  const quoted = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  return { description: `${quoted}: ${meaning}`, schema: z.enum(choices) as unknown as z.ZodType<Choice> };
}

/** Some words. */
export function remarkField(meaning: string): FormField<string> {
  return { description: `a string: ${meaning}`, schema: z.string() };
}

/** What was read, or what is wrong with the reply. */
export type ReadReply<Value> = { value: Value } | { problem: string };

/** A form of replies. */
export interface ReplyForm<Value> {
  /** The labels, in the order in which they are asked for. */
  readonly labels: readonly string[];
  /** For the prompt: names each label and says what it has to be. */
  readonly description: string;
  /** Reads a whole reply. Never throws. */
  read(reply: string): ReadReply<Value>;
  /** Looks at a value from elsewhere, such as a file. */
  check(value: unknown): ReadReply<Value>;
}

/**
 * Makes a form of its labels. A reply is a JSON object with them, alone or after reasoning, in a fence or not; labels that nobody
 * asked for are left out.
 *
 * @throws {TypeError} For a form without labels, or with the label `failure`.
 *
 * @example
 * ```ts
 * const form = replyForm({ reason: remarkField("why, in one sentence"), isKind: flagField("whether it is kind") });
 * form.read('It is. {"reason": "It greets.", "isKind": true}'); // { value: { reason: "It greets.", isKind: true } }
 * ```
 */
export function replyForm<Value extends Record<string, unknown>>(
  fields: { [Label in keyof Value]: FormField<Value[Label]> },
): ReplyForm<Value> {
  const entries: [string, FormField<unknown>][] = Object.entries(fields);
  if (entries.length === 0) throw new TypeError("replyForm(): expected at least one label");
  if (Object.hasOwn(fields, "failure")) {
    throw new TypeError('replyForm(): "failure" marks a judgement that failed; choose another label');
  }
  const schema = z.object(Object.fromEntries(entries.map(([label, field]) => [label, field.schema])));
  const lines = entries.map(([label, { description }]) => `- ${JSON.stringify(label)}: ${description}`);
  const check = (value: unknown): ReadReply<Value> => {
    const { success, data, error } = schema.safeParse(value);
    if (success) return { value: data as Value };
    return {
      problem: error.issues.map(({ path, message }) => `${path.join(".") || "the reply"}: ${message}`).join("; "),
    };
  };
  return {
    labels: entries.map(([label]) => label),
    description: `One JSON object, with these labels and nothing after it:\n${lines.join("\n")}`,
    read(reply) {
      const found = closingObject(reply);
      return found === null ? { problem: "it does not end in a JSON object" } : check(found);
    },
    check,
  };
}
