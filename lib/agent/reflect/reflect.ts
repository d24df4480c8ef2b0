/** Draft, critique, refine: an answer is looked over, mended where it has to be, and looked over once more. */
import type { Audit, AuditInput, AuditorReply, Critique, FoundProblem } from "./audit.ts";
import type { Auditor, AuditTalk } from "./auditor.ts";
import { checkTimeLimit, inTime } from "./in_time.ts";
import { judgeDraft, type JudgeDraftOptions } from "./judge_draft.ts";
import type { Reflection, ReflectionStage, StageEvent, StageRecord } from "./reflection.ts";
import { refusalsOf } from "./refuse_refined.ts";
import { repairDraft } from "./repair_draft.ts";

/** Who audits, and how. */
export interface AuditOptions extends Pick<JudgeDraftOptions, "rules" | "refutes"> {
  /** Null: the rules alone. */
  auditor: Auditor | null;
  /** Milliseconds for one stage, whatever limits the auditor has itself. Default 120,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A draft, and who looks it over. */
export interface ReflectOptions extends AuditOptions, AuditInput {
  /** Told when a stage begins and when it is done. */
  onStage?: (event: StageEvent) => void;
}

/**
 * What is wrong with a draft, by the auditor and by the rules. The auditor's failure is no verdict: where the rules find nothing either,
 * the draft is "unchecked".
 *
 * @throws The signal's reason when it is aborted; a RangeError for a time limit that cannot be, or with neither auditor nor rules.
 */
export async function audit(input: AuditInput, options: AuditOptions): Promise<Audit> {
  checkOptions(options);
  const talk = talkOf(options.auditor, input);
  const { audit } = await askForAudit(input, options, talk && ((signal) => talk.critique({ signal })));
  return audit;
}

/**
 * Looks a draft over and mends it. The draft stays where it is clean. A mended text of the auditor's is taken only if it keeps what was
 * right, adds nothing that the draft and the evidence lack, and a second critique finds fewer problems in it; what that still finds is
 * taken out by rule. Otherwise the draft is repaired by rule, or withheld where nothing of it is left.
 *
 * @throws The signal's reason when it is aborted; a RangeError as `audit`. An auditor's failure is told in the outcome.
 *
 * @example
 * ```ts
 * const { answer, outcome, critique } = await reflect({ auditor: chatAuditor(model), profile, evidence, question, draft });
 * ```
 */
export async function reflect(options: ReflectOptions): Promise<Reflection> {
  checkOptions(options);
  const { profile, evidence, question, draft, auditor, onStage } = options;
  const input: AuditInput = { profile, evidence, question, draft };
  const stages = new Stages(onStage);
  const talk = talkOf(auditor, input);

  const critique = await stages.audit(
    "critique",
    () => askForAudit(input, options, talk && ((signal) => talk.critique({ signal }))),
  );
  if (critique.verdict !== "revise") {
    const outcome = critique.verdict === "pass" ? "kept" : "unchecked";
    return { answer: draft, outcome, critique, recheck: null, refusals: [], stages: stages.records };
  }
  const { refined, recheck, refusals } = await mendedBy(talk, input, critique, options, stages);
  if (refined !== null) {
    const left = recheck?.problems ?? [];
    const answer = left.length === 0 ? refined : repairDraft({ ...input, draft: refined }, left, options);
    if (answer !== "") return { answer, outcome: "refined", critique, recheck, refusals, stages: stages.records };
  }
  const answer = repairDraft(input, critique.problems, options);
  const outcome = answer === "" ? "withheld" : "repaired";
  return { answer, outcome, critique, recheck, refusals, stages: stages.records };
}

/** The auditor's mended text where it can be taken, else why not. */
async function mendedBy(
  talk: AuditTalk | null,
  input: AuditInput,
  critique: Audit,
  options: AuditOptions,
  stages: Stages,
): Promise<{ refined: string | null; recheck: Audit | null; refusals: string[] }> {
  const refuse = (refusals: string[], recheck: Audit | null = null) => ({ refined: null, recheck, refusals });
  // A model that gave no critique is not waited for again.
  if (talk === null) return refuse([]);
  if (critique.failure?.kind === "timeout" || critique.failure?.kind === "endpoint") {
    return refuse([`not mended: ${critique.failure.message}`]);
  }
  const problems = critique.problems.map(({ kind, quote }) => ({ kind, quote }));
  const reply = await stages.ask("refine", () => askInTime((signal) => talk.refine(problems, { signal }), options));
  if ("failure" in reply) return refuse([`not mended: ${reply.failure.message}`]);
  const refined = reply.value.trim();
  const refusals = refusalsOf(refined, input, critique.problems);
  if (refusals.length > 0) return refuse(refusals);
  const recheck = await stages.audit(
    "recheck",
    () => askForAudit({ ...input, draft: refined }, options, (signal) => talk.recheck(refined, { signal })),
  );
  if (recheck.failure !== undefined) return refuse([`not checked again: ${recheck.failure.message}`], recheck);
  if (recheck.problems.length >= critique.problems.length) {
    return refuse([`the second critique finds ${namesOf(recheck.problems)}`], recheck);
  }
  return { refined, recheck, refusals: [] };
}

function namesOf(problems: readonly FoundProblem[]): string {
  return problems.map(({ kind, quote }) => `${kind} in "${quote}"`).join(", ");
}

/** Begun at the first question, within its time limit: also what an auditor throws then is a failure. */
function talkOf(auditor: Auditor | null, input: AuditInput): AuditTalk | null {
  if (auditor === null) return null;
  let begun: AuditTalk | undefined;
  const talk = () => begun ??= auditor.begin(input);
  return {
    critique: async (options) => await talk().critique(options),
    refine: async (problems, options) => await talk().refine(problems, options),
    recheck: async (draft, options) => await talk().recheck(draft, options),
  };
}

type AskForCritique = (signal: AbortSignal) => Promise<AuditorReply<Critique>>;

async function askForAudit(
  input: AuditInput,
  options: AuditOptions,
  ask: AskForCritique | null,
): Promise<{ audit: Audit; usage: AuditorReply<Critique>["usage"] }> {
  const { auditor, rules, refutes } = options;
  const judged = { rules, refutes, knowsOnlyEvidence: auditor?.knowsOnlyEvidence };
  if (ask === null) return { audit: judgeDraft(input, null, judged), usage: NOTHING };
  const reply = await askInTime(ask, options);
  const critique = "failure" in reply ? { failure: reply.failure } : reply.value;
  return { audit: judgeDraft(input, critique, judged), usage: reply.usage };
}

const NOTHING = { promptTokens: 0, completionTokens: 0 };

/** An auditor of somebody's own may take no heed of time, and may throw. */
async function askInTime<Value>(
  ask: (signal: AbortSignal) => Promise<AuditorReply<Value>>,
  { timeoutMs = DEFAULT_TIMEOUT, signal, auditor }: AuditOptions,
): Promise<AuditorReply<Value>> {
  const outcome = await inTime(ask, { name: auditor?.name ?? "the auditor", timeoutMs, signal });
  return "failure" in outcome ? { ...outcome, usage: NOTHING } : outcome.value;
}

const DEFAULT_TIMEOUT = 120_000;

/** Times stages and tells of them. */
class Stages {
  readonly records: StageRecord[] = [];

  constructor(private readonly onStage: ((event: StageEvent) => void) | undefined) {}

  async audit(
    stage: ReflectionStage,
    run: () => Promise<{ audit: Audit; usage: AuditorReply<Critique>["usage"] }>,
  ): Promise<Audit> {
    const { audit } = await this.#timed(stage, run, ({ audit }) => audit);
    return audit;
  }

  ask<Value>(stage: ReflectionStage, run: () => Promise<AuditorReply<Value>>): Promise<AuditorReply<Value>> {
    return this.#timed(stage, run);
  }

  async #timed<Result extends { usage: AuditorReply<Critique>["usage"] }>(
    stage: ReflectionStage,
    run: () => Promise<Result>,
    auditOf?: (result: Result) => Audit,
  ): Promise<Result> {
    this.onStage?.({ state: "begun", stage });
    const begun = performance.now();
    const result = await run();
    const { promptTokens, completionTokens } = result.usage;
    const record = { stage, milliseconds: performance.now() - begun, promptTokens, completionTokens };
    this.records.push(record);
    this.onStage?.({ state: "done", ...record, ...(auditOf ? { audit: auditOf(result) } : {}) });
    return result;
  }
}

function checkOptions({ auditor, rules = true, timeoutMs = DEFAULT_TIMEOUT }: AuditOptions): void {
  if (auditor === null && !rules) throw new RangeError("auditor: expected one where the rules are not asked");
  checkTimeLimit(timeoutMs);
}
