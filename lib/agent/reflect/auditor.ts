/** Who is asked for critiques. */
import type { Critique, Problem } from "../../data/mod.ts";
import type { AuditInput, AuditorReply } from "./audit.ts";

/** How one thing is asked. */
export interface AuditorCallOptions {
  signal?: AbortSignal;
}

/** One draft under audit: first `critique`, then perhaps `refine`, then perhaps `recheck`. */
export interface AuditTalk {
  /** A critique of the input's draft. */
  critique(options?: AuditorCallOptions): Promise<AuditorReply<Critique>>;
  /** The draft, mended of these problems: those of the critique that counted, and what the rules found besides. */
  refine(problems: readonly Problem[], options?: AuditorCallOptions): Promise<AuditorReply<string>>;
  /** A critique of another draft for the same patient, question and evidence. */
  recheck(draft: string, options?: AuditorCallOptions): Promise<AuditorReply<Critique>>;
}

/**
 * A model that finds faults in drafts and mends them. What it writes is never a reason to throw: replies that cannot be read are
 * failures. Its promises reject only with the signal's reason.
 */
export interface Auditor {
  /** For logs and tables. */
  readonly name: string;
  /** It knows of medicines only what the evidence says, so that evidence can refute it; see `refutation`. Default false. */
  readonly knowsOnlyEvidence?: boolean;
  begin(input: AuditInput): AuditTalk;
}
