/** Everything that is measured, in the order in which it is shown. */
import { decoderBlockSection } from "./decoder_block.ts";
import { exportSection } from "./export.ts";
import { fourGigabytesSection } from "./four_gigabytes.ts";
import { episodesSection } from "./episodes.ts";
import { halfBillionSection } from "./half_billion.ts";
import { lowPrecisionSection } from "./low_precision.ts";
import { matmulSection } from "./matmul.ts";
import { packingSection } from "./packing.ts";
import { residualsSection } from "./residuals.ts";
import { rolloutSection } from "./rollout.ts";
import { retrievalLargeSection, retrievalSection } from "./retrieval.ts";
import type { BenchCase, Section } from "./section.ts";
import { serveSection } from "./serve.ts";
import { sftSection } from "./sft.ts";
import { webgpuSection } from "./webgpu.ts";

export const SECTIONS: readonly Section[] = [
  matmulSection,
  decoderBlockSection,
  residualsSection,
  sftSection,
  packingSection,
  rolloutSection,
  episodesSection,
  serveSection,
  halfBillionSection,
  lowPrecisionSection,
  fourGigabytesSection,
  exportSection,
  webgpuSection,
  retrievalSection,
  retrievalLargeSection,
];

/** The sections of one name, or all but the heavy ones. Throws when there is none of that name. */
export function chosenSections(name: string | undefined): readonly Section[] {
  if (name === undefined) return SECTIONS.filter(({ heavy }) => !heavy);
  const chosen = SECTIONS.filter((section) => section.name === name);
  if (chosen.length > 0) return chosen;
  throw new Error(`--section ${name}: expected one of ${SECTIONS.map((section) => section.name).join(", ")}`);
}

/** A case by its name. */
export function caseNamed(name: string): BenchCase {
  const found = SECTIONS.flatMap(({ cases }) => cases).find((each) => each.name === name);
  if (!found) throw new Error(`there is no case "${name}"`);
  return found;
}
