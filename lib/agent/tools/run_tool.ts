/** A call, from what a model wrote to what it reads. */
import type { ToolCallRequest } from "../calls/mod.ts";
import { failureText } from "./failure_text.ts";
import { issueText } from "./issue_text.ts";
import { nearestNames } from "./nearest_names.ts";
import { readArguments } from "./read_arguments.ts";
import { ResultError, resultText } from "./result_text.ts";
import { withTimeLimit } from "./time_limit.ts";
import type { Tool, ToolFailure, ToolFailureKind, ToolOutcome } from "./tool.ts";

/** Something that a person, or a rule that stands for one, is asked for. */
export interface ApprovalRequest {
  tool: Tool;
  /** The call's. */
  id: string;
  /** As the tool will get them. */
  input: unknown;
  /**
   * What makes it necessary: the tool changes something, or the call has an address in it after strangers had their say, who
   * may have wanted something to be sent there.
   */
  reason: "side effects" | "address after untrusted text";
  /** Aborted when the run is. */
  signal: AbortSignal;
}

/** Says whether a call may be made. */
export type Approve = (request: ApprovalRequest) => boolean | Promise<boolean>;

/** Bounds of one call. */
export interface ToolLimits {
  /** The tool's own limit counts where it is less. Default: the tool's own, which by default is 10,000. */
  timeoutMs?: number;
  /** Of the result as JSON. Default 65,536. */
  maxResultBytes?: number;
  /** Of the arguments. Default 65,536. */
  maxArgumentBytes?: number;
}

/** Options of `runTool`. */
export interface RunToolOptions {
  signal?: AbortSignal;
  /** Default: nothing that has to be asked for is allowed. */
  approve?: Approve;
  limits?: ToolLimits;
  /** Whether the chat holds what strangers wrote: then calls with an address in their arguments are asked for too. Default false. */
  afterUntrusted?: boolean;
}

const MAX_BYTES = 65_536;
const NO_SIGNAL = new AbortController().signal;

/**
 * Runs the tool that a call names. Whatever the call holds and the tool does, this returns an outcome within the time limit,
 * approval aside, and never throws: a model can do better the next time only if it is told what was wrong.
 *
 * The arguments are held against the tool's schema (what is mended, `mended` says), then approval is asked for where it has
 * to be, then the tool runs, then its result is held against the output schema and written as JSON.
 */
export async function runTool(
  tools: readonly Tool[],
  call: ToolCallRequest,
  options: RunToolOptions = {},
): Promise<ToolOutcome> {
  const { signal = NO_SIGNAL, limits = {}, approve, afterUntrusted = false } = options;
  const { maxResultBytes = MAX_BYTES, maxArgumentBytes = MAX_BYTES } = limits;
  const started = performance.now();
  let waited = 0;
  let untrusted = false;
  const fail = (kind: ToolFailureKind, message: string): ToolFailure => ({
    ok: false,
    kind,
    text: resultText({ error: message }, Infinity),
    message,
    milliseconds: performance.now() - started - waited,
    untrusted,
  });

  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) return fail("unknown tool", unknownToolText(String(call.name), tools));
  const timeoutMs = Math.min(tool.timeoutMs ?? 10_000, Math.max(0, limits.timeoutMs ?? Infinity));
  const interrupted = (kind: "timeout" | "aborted") =>
    fail(kind, kind === "timeout" ? "the time limit was reached" : "the run was stopped");

  const read = await withTimeLimit(
    () => readArguments(tool.input, call.arguments, maxArgumentBytes),
    { timeoutMs, signal },
  );
  if (read.kind === "thrown") return fail("invalid arguments", failureText(read.error));
  if (read.kind !== "done") return interrupted(read.kind);
  if (!read.value.ok) return fail("invalid arguments", read.value.problem);
  const { input } = read.value;

  const reason = tool.sideEffects
    ? "side effects"
    : afterUntrusted && holdsAddress(input)
    ? "address after untrusted text"
    : undefined;
  if (reason !== undefined) {
    const asked = performance.now();
    const answer = await withTimeLimit(
      (own) => approve?.({ tool, id: call.id, input, reason, signal: own }) ?? false,
      { timeoutMs: Infinity, signal },
    );
    waited = performance.now() - asked;
    if (answer.kind === "aborted") return interrupted("aborted");
    // Only a plain yes is one: not a question that failed, and nothing that is merely not false.
    if (answer.kind !== "done" || answer.value !== true) return fail("refused", "access was denied by the user");
  }

  untrusted = tool.untrusted ?? false;
  const spent = performance.now() - started - waited;
  const ran = await withTimeLimit(async (own) => {
    const output = await tool.run(input, {
      signal: own,
      markUntrusted() {
        untrusted = true;
      },
    });
    return await checkedResult(tool, output, maxResultBytes);
  }, { timeoutMs: Math.max(0, timeoutMs - spent), signal });
  if (ran.kind === "timeout" || ran.kind === "aborted") return interrupted(ran.kind);
  if (ran.kind === "done") {
    return { ok: true, ...ran.value, milliseconds: performance.now() - started - waited, untrusted };
  }
  if (ran.error instanceof ResultError) return fail(ran.error.kind, ran.error.message);
  return fail("failed", failureText(ran.error));
}

/** Holds what a tool returned against its schema, and writes it. */
async function checkedResult(
  tool: Tool,
  output: unknown,
  maxBytes: number,
): Promise<{ result: unknown; text: string }> {
  let result = output;
  if (tool.output !== undefined) {
    const parsed = await tool.output.safeParseAsync(output);
    if (!parsed.success) {
      const problem = parsed.error.issues.flatMap((issue) => issueText(issue, output, "the result"))[0];
      throw new ResultError("invalid result", `the tool gave an invalid result: ${problem}`);
    }
    result = parsed.data;
  }
  try {
    const seen = tool.modelView === undefined ? result : tool.modelView(result);
    return { result, text: resultText(seen, maxBytes) };
  } catch (error) {
    if (error instanceof ResultError) throw error;
    // A getter or a toJSON of the result's own.
    throw new ResultError("invalid result", `the result cannot be read: ${failureText(error)}`);
  }
}

const MAX_NAMES = 20;

function unknownToolText(given: string, tools: readonly Tool[]): string {
  const names = tools.map(({ name }) => name);
  if (names.length === 0) return "there is no tool of this name, and no other";
  const near = nearestNames(given, names);
  const told = near.length > 0 ? near : names.slice(0, MAX_NAMES);
  return `there is no tool of this name, ${near.length > 0 ? "did you mean" : "there are"} ${told.join(", ")}`;
}

/** What an address of the web or of mail begins with. Programs that read addresses take `https:host` for one too. */
const SCHEME = /[a-z\d+.-]:\/\/|\b(?:https?|wss?|ftp|mailto):/i;
/**
 * Addresses that can do without: of the web, of mail, or of a machine. No part of it is looked for from each place to the end of
 * the text, which would take long where that is.
 */
const ADDRESS = new RegExp(
  [
    /\bwww\./,
    /\S@[^\s@]{1,255}\.\S/,
    /\b\d{1,3}(?:\.\d{1,3}){3}\b/,
    // Two slashes, of either kind.
    /^\s*[\\/]{2}/,
    // A host's name with a port, a path or a query.
    /(?<![a-z\d.-])(?:[a-z\d-]{1,63}\.){1,8}[a-z]{2,63}(?::\d|[\\/]|\?\S)/,
  ].map(({ source }) => source).join("|"),
  "i",
);

function holdsAddress(value: unknown): boolean {
  if (typeof value === "string") {
    // Programs that read addresses pass over tabs and line ends in them.
    return SCHEME.test(value) || ADDRESS.test(value) || SCHEME.test(value.replace(/[\t\n\r]/g, ""));
  }
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => holdsAddress(key) || holdsAddress(inner));
}
