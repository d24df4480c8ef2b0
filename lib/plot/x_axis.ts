import { progressAxis, type ValueAxis } from "./axes.ts";
import type { Along } from "./points.ts";

/** A horizontal axis: its ticks and its name. */
export interface XAxis extends Omit<ValueAxis, "labelWidth"> {
  label: string;
}

const LABELS: Record<Exclude<Along, "time">, string> = { step: "step", tokens: "tokens seen", epoch: "epoch" };
/** Units of time with the seconds they hold, and up to how many seconds an axis uses them. */
const TIME_UNITS = [
  { label: "seconds", seconds: 1, upTo: 180 },
  { label: "minutes", seconds: 60, upTo: 3 * 3600 },
  { label: "hours", seconds: 3600, upTo: 72 * 3600 },
  { label: "days", seconds: 86_400, upTo: Infinity },
];

/**
 * The horizontal axis of a chart of metrics. Wall time, which points count in seconds, is written in seconds, minutes,
 * hours or days, whichever suits its length.
 *
 * @param width pixels between the ends of the axis
 */
export function xAxisOf(along: Along, range: readonly [number, number], width: number): XAxis {
  if (along !== "time") {
    return { ...progressAxis(range, width, { whole: along !== "epoch" }), label: LABELS[along] };
  }
  const unit = TIME_UNITS.find(({ upTo }) => range[1] <= upTo)!;
  const axis = progressAxis([range[0] / unit.seconds, range[1] / unit.seconds], width, { whole: false });
  return {
    domain: [axis.domain[0] * unit.seconds, axis.domain[1] * unit.seconds],
    ticks: axis.ticks.map((tick) => tick * unit.seconds),
    format: (seconds) => axis.format(seconds / unit.seconds),
    label: unit.label,
  };
}
