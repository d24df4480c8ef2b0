/**
 * Checkpoints of a run: everything that the rest of it depends on, in one folder that is whole or not there.
 *
 * @module
 */
export {
  compareFingerprints,
  digest,
  ExamplesDigest,
  examplesDigest,
  type Fingerprint,
  fingerprintOf,
} from "./fingerprint.ts";
export { findCheckpoint, type FindCheckpointOptions, type FoundCheckpoint, listCheckpoints } from "./find.ts";
export { verifyManifest } from "./manifest.ts";
export { restoreCheckpoint, restoreParameters } from "./restore.ts";
export { RunCheckpoints } from "./run_checkpoints.ts";
export { saveCheckpoint } from "./save.ts";
export { readState, type TrainerState } from "./state.ts";
