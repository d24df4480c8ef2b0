/** The tool for the date. */
import { z } from "zod";
import { HOUSE_TOOLS } from "../../data/mod.ts";
import { defineTool } from "./define_tool.ts";
import type { Tool } from "./tool.ts";

/** Options of `todayTool`. */
export interface TodayOptions {
  /** Default: this machine's clock. */
  now?: () => Date;
  /** Such as `Europe/Oslo`. Default: this machine's. */
  timeZone?: string;
}

const { name, description } = HOUSE_TOOLS.today.function;

/**
 * A tool that tells date and weekday: `{"date":"2026-01-31","weekday":"Saturday"}`.
 *
 * @throws {RangeError} when there is no such time zone
 */
export function todayTool(
  { now = () => new Date(), timeZone }: TodayOptions = {},
): Tool<Record<string, never>, { date: string; weekday: string }> {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    weekday: "long",
  });
  return defineTool({
    name,
    description: description!,
    input: z.strictObject({}),
    run() {
      const parts = Object.fromEntries(format.formatToParts(now()).map(({ type, value }) => [type, value]));
      return { date: `${parts.year.padStart(4, "0")}-${parts.month}-${parts.day}`, weekday: parts.weekday };
    },
  });
}
