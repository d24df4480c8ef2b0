/**
 * The loop of an agent, its budget, its events and its memory of the conversation.
 *
 * @module
 */
export { type BudgetLimits, type BudgetUse, RunBudget } from "./budget.ts";
export { type EventRow, eventRows, type EventRowsOptions, eventText } from "./event_text.ts";
export type { AgentEvent, AgentRun, EventTime, StopReason } from "./events.ts";
export { trimHistory, type TrimmedHistory } from "./history.ts";
export { type AgentOptions, runAgent } from "./run_agent.ts";
export type { CallEvent } from "./run_calls.ts";
