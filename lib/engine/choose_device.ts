/** Which of the devices at hand `device: "auto"` takes. */
import type { Device } from "./engine.ts";

/** How fast a device was at the two things that take a training run's time. */
export interface DeviceSpeed {
  device: Device;
  /** Thousand million operations a second in products of many rows, as training does them. */
  gflops: number;
  /** Thousand million bytes of weights a second in products of eight rows, as a step of decoding does them. */
  gigabytes: number;
}

/** A device that cannot be used. */
export interface UnavailableDevice {
  device: Device;
  /** One phrase. */
  why: string;
}

/** What was taken. */
export interface DeviceChoice {
  device: Device;
  /** For people: what it was compared with, with the numbers. */
  reason: string;
}

/** By how much another device must be ahead of the CPU, which is always measured with what else runs on the machine. */
const MARGIN = 1.1;

/**
 * Takes the fastest device: by the product of both speeds, so that one twice as fast in training and half as fast in
 * decoding is no better. The CPU is kept where another device is ahead by less than a tenth.
 *
 * @param measured The devices at hand. The CPU need not be measured where it is the only one; where it could not be, it is
 *   kept, since it always works.
 */
export function chooseDevice(
  measured: readonly DeviceSpeed[],
  unavailable: readonly UnavailableDevice[] = [],
): DeviceChoice {
  const lacking = unavailable.map(({ device, why }) => `${device}: ${why}`).join("; ");
  const cpu = measured.find(({ device }) => device === "cpu");
  const others = measured.filter((speed) => speed !== cpu);
  if (others.length === 0) {
    return { device: "cpu", reason: lacking ? `cpu: no GPU to use (${lacking})` : "cpu: no GPU" };
  }
  if (!cpu) {
    const unknown = "cpu: it was not measured, so no other is known to be faster";
    return { device: "cpu", reason: lacking ? `${unknown} (${lacking})` : unknown };
  }
  const ahead = (speed: DeviceSpeed) => Math.sqrt((speed.gflops / cpu.gflops) * (speed.gigabytes / cpu.gigabytes));
  const best = others.reduce((a, b) => ahead(b) > ahead(a) ? b : a);
  const chosen = ahead(best) >= MARGIN ? best : cpu;
  const rest = measured.filter((speed) => speed !== chosen);
  const compare = (unit: string, key: "gflops" | "gigabytes") =>
    `${showRate(chosen[key])} ${unit} against ` +
    rest.map((speed) => `${showRate(speed[key])} on ${nameOf(speed.device)}`).join(" and ");
  const reason = `${chosen.device}: ${compare("GFLOP/s", "gflops")} in training's products, ` +
    `${compare("GB/s", "gigabytes")} in decoding's`;
  return { device: chosen.device, reason: lacking ? `${reason} (${lacking})` : reason };
}

function nameOf(device: Device): string {
  return device === "cpu" ? "the CPU" : device;
}

/** 1,200 or 3.4 */
function showRate(rate: number): string {
  return rate < 10 ? rate.toPrecision(2) : Math.round(rate).toLocaleString("en-US");
}
