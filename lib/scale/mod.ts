/**
 * How long runs take, how much memory they need and what they cost, on this machine and on others.
 *
 * @module
 */
export { type Estimate, estimate } from "./estimate.ts";
export * from "./flops.ts";
export {
  ASSUMED_SHARES,
  type CardName,
  CARDS,
  cluster,
  type Machine,
  MEASURED_SHARES,
  oneCard,
  thisMachine,
} from "./machines.ts";
export { PUBLISHED_MODELS } from "./published_models.ts";
export { describeWorkload, type Method, RANK, USUAL_WORKLOADS, type Workload } from "./workload.ts";
