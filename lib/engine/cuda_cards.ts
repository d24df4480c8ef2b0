/** What NVIDIA's driver says about its cards (CUDA driver API, docs.nvidia.com/cuda/cuda-driver-api). */
import { message } from "./ort_program.ts";

/** A card. */
export interface CudaCard {
  name: string;
  /** All of its memory. */
  memoryBytes: number;
}

const FUNCTIONS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceTotalMem_v2: { parameters: ["buffer", "i32"], result: "i32" },
} as const;

/** The cards, and if there is none to use, why: one phrase. */
export function cudaCards(driver: string): { cards: CudaCard[]; problem: string | null } {
  let library;
  try {
    library = Deno.dlopen(driver, FUNCTIONS);
  } catch (error) {
    return { cards: [], problem: `${driver} cannot be used: ${message(error)}` };
  }
  try {
    const { cuInit, cuDeviceGetCount, cuDeviceGetName, cuDeviceTotalMem_v2 } = library.symbols;
    const code = cuInit(0);
    if (code !== 0) return { cards: [], problem: `NVIDIA's driver does not start: cuInit gives error ${code}` };
    const count = new Int32Array(1);
    cuDeviceGetCount(count);
    const cards = Array.from({ length: count[0] }, (_, device) => {
      const [name, bytes] = [new Uint8Array(128), new BigUint64Array(1)];
      cuDeviceGetName(name, name.length, device);
      cuDeviceTotalMem_v2(bytes, device);
      return { name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))), memoryBytes: Number(bytes[0]) };
    });
    return { cards, problem: cards.length === 0 ? "NVIDIA's driver sees no card" : null };
  } finally {
    library.close();
  }
}
