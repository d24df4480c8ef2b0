import { type GgufTensorType, ggufTypes } from "../format.ts";
import { codecs } from "./mod.ts";
import type { QuantizeReply, QuantizeRequest } from "./worker.ts";

/** Quantizes pieces of tensors, on several threads where that is worth it. */
export interface Quantizers {
  /** How many pieces of this type are worth being given at a time. */
  width(type: GgufTensorType): number;
  /**
   * Quantizes whole blocks. The values are not kept.
   *
   * @returns the blocks; of a type that is quantized here they may be overwritten by the next call
   */
  quantize(type: GgufTensorType, values: Float32Array): Promise<Uint8Array>;
  /** Ends the threads. What they are at comes to nothing. */
  close(): void;
}

/** The types whose fit is worth a thread: copying the weights to one takes a tenth of its time. */
const slowTypes: readonly GgufTensorType[] = ["Q4_K", "Q6_K"];

/** More threads than this are fed too slowly by the disk. */
const mostWorkers = 8;

/**
 * Opens quantizers. Threads are started when first needed.
 *
 * @param workers how many threads, 0 for none; as many as the machine has processors, at most 8, unless told
 */
export function openQuantizers(workers = Math.min(navigator.hardwareConcurrency, mostWorkers)): Quantizers {
  const threads: Thread[] = [];
  let next = 0;
  let own = new Uint8Array(0);

  function quantizeHere(type: GgufTensorType, values: Float32Array): Uint8Array {
    const { blockSize, blockBytes } = ggufTypes[type];
    const length = values.length / blockSize * blockBytes;
    if (own.length < length) own = new Uint8Array(length);
    const blocks = own.subarray(0, length);
    codecs[type].quantize(values, blocks);
    return blocks;
  }

  const onThread = (type: GgufTensorType) => workers > 0 && slowTypes.includes(type);

  return {
    // One more than there are threads, so that none waits while its piece is being written.
    width: (type) => onThread(type) ? workers + 1 : 1,
    async quantize(type, values) {
      if (!onThread(type)) return quantizeHere(type, values);
      const at = next++ % workers;
      threads[at] ??= new Thread();
      return await threads[at].quantize(type, values.slice());
    },
    close() {
      for (const thread of threads) thread.close();
    },
  };
}

/** A worker, and the pieces it has been given, in their order. */
class Thread {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "kiln quantizer" });
  readonly #waiting: PromiseWithResolvers<Uint8Array>[] = [];

  constructor() {
    this.#worker.addEventListener("message", (event: MessageEvent<QuantizeReply>) => {
      this.#waiting.shift()?.resolve(event.data);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      for (const piece of this.#waiting.splice(0)) piece.reject(new Error(`Quantizing failed: ${event.message}`));
    });
  }

  quantize(type: GgufTensorType, values: Float32Array<ArrayBuffer>): Promise<Uint8Array> {
    const piece = Promise.withResolvers<Uint8Array>();
    this.#waiting.push(piece);
    this.#worker.postMessage({ type, values } satisfies QuantizeRequest, [values.buffer]);
    return piece.promise;
  }

  close(): void {
    this.#worker.terminate();
  }
}
