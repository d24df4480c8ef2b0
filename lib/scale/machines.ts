/** What work is estimated for: this machine as it was measured, and others by what their makers publish. */
import { createEngine, measureDevice } from "../engine/mod.ts";
import type { WeightPrecision } from "../models/mod.ts";

/** One or several devices that share the work. */
export interface Machine {
  name: string;
  /** Devices; each has the rates and the memory below. */
  devices: number;
  /** Thousand million operations a second in products of many rows, of one device. */
  gflops: number;
  /** Thousand million bytes of weights a second in a step of decoding, of one device. */
  gigabytes: number;
  /** Of one device. */
  memoryBytes: number;
  /** The share of `gflops` that a training step reaches, and of `gigabytes` that decoding does. */
  shares: { training: number; decoding: number };
  /** Where the shares come from: measured here, or assumed. */
  sharesFrom: "measured" | "assumed";
  /** Who does the work: Kiln, or the tools that a recipe is exported to. */
  runs: "kiln" | "recipe";
  /** Forms in which Kiln may hold frozen weights there, best first; a recipe's are bfloat16, and spread over all devices. */
  precisions: readonly WeightPrecision[];
}

/**
 * Of the rates that `measureDevice` finds on a CPU, what whole steps reach at Qwen2.5-0.5B's shape on two cores: SFT with LoRA r16
 * on 512 tokens, and a rollout of 8 texts (`deno task bench --section precision`, `--section half-billion`). Decoding reaches
 * little of it, since real models' weights do not fit into caches.
 */
export const MEASURED_SHARES = { training: 0.75, decoding: 0.17 } as const;

/**
 * For devices that nobody has measured for these pages: what training runs are commonly reported to reach of a card's published
 * peak, and serving of its memory's. A guess; `deno task bench --section webgpu` replaces it.
 */
export const ASSUMED_SHARES = { training: 0.4, decoding: 0.6 } as const;

/** This machine's CPU, measured in a second. */
export async function thisMachine(): Promise<Machine> {
  const engine = await createEngine({ device: "cpu" });
  const { gflops, gigabytes } = await measureDevice(engine).finally(() => engine.dispose());
  return {
    name: `this machine, ${navigator.hardwareConcurrency} threads`,
    devices: 1,
    gflops,
    gigabytes,
    memoryBytes: Deno.systemMemoryInfo().total,
    shares: MEASURED_SHARES,
    sharesFrom: "measured",
    runs: "kiln",
    precisions: ["float32", "4bit"],
  };
}

/** What makers publish of a card: operations a second, without sparsity, and memory. */
interface Card {
  float32: number;
  bfloat16: number;
  gigabytes: number;
  memoryBytes: number;
}

/** Cards by name; rates in thousand millions a second. */
export const CARDS = {
  "RTX 3060": { float32: 12_700, bfloat16: 51_000, gigabytes: 360, memoryBytes: 12e9 },
  "RTX 4090": { float32: 82_600, bfloat16: 165_000, gigabytes: 1008, memoryBytes: 24e9 },
  "A100": { float32: 19_500, bfloat16: 312_000, gigabytes: 2039, memoryBytes: 80e9 },
  "H100": { float32: 67_000, bfloat16: 989_000, gigabytes: 3350, memoryBytes: 80e9 },
  "H200": { float32: 67_000, bfloat16: 989_000, gigabytes: 4800, memoryBytes: 141e9 },
} as const satisfies Record<string, Card>;

/** A card that is known. */
export type CardName = keyof typeof CARDS;

/** One card that Kiln uses through WebGPU: frozen weights in float16 or less, products in float32. */
export function oneCard(name: CardName): Machine {
  const { float32, gigabytes, memoryBytes } = CARDS[name];
  return {
    name: `one ${name}`,
    devices: 1,
    gflops: float32,
    gigabytes,
    memoryBytes,
    shares: ASSUMED_SHARES,
    sharesFrom: "assumed",
    runs: "kiln",
    precisions: ["float16", "4bit"],
  };
}

/** Cards that a recipe runs on (`deno task recipe`): weights and products in bfloat16, all sharded. */
export function cluster(name: CardName, devices: number): Machine {
  if (!Number.isInteger(devices) || devices < 1) {
    throw new RangeError(`devices: expected a whole number above 0, got ${devices}`);
  }
  const { bfloat16, gigabytes, memoryBytes } = CARDS[name];
  return {
    name: `${devices} x ${name}`,
    devices,
    gflops: bfloat16,
    gigabytes,
    memoryBytes,
    shares: ASSUMED_SHARES,
    sharesFrom: "assumed",
    runs: "recipe",
    precisions: [],
  };
}
