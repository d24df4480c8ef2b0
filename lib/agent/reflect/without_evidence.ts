/** An auditor that is shown the draft alone: what a critic is worth that cannot look anything up. */
import type { Auditor } from "./auditor.ts";

/**
 * The same auditor, without the evidence and the profile. It is there to be compared with; nothing should be audited by it.
 */
export function withoutEvidence(auditor: Auditor): Auditor {
  return {
    name: `${auditor.name} without evidence`,
    begin: (input) => auditor.begin({ ...input, evidence: [], profile: {} }),
  };
}
