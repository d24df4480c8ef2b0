/** A thread that quantizes what it is sent, piece by piece. */
import { type GgufTensorType, ggufTypes } from "../format.ts";
import { codecs } from "./mod.ts";

/** A piece: whole blocks of weights. */
export interface QuantizeRequest {
  type: GgufTensorType;
  values: Float32Array<ArrayBuffer>;
}

/** Its blocks. */
export type QuantizeReply = Uint8Array<ArrayBuffer>;

/** What a worker's global is to this file. */
interface WorkerScope {
  postMessage(message: QuantizeReply, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<QuantizeRequest>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.addEventListener("message", ({ data: { type, values } }) => {
  const { blockSize, blockBytes } = ggufTypes[type];
  const blocks: QuantizeReply = new Uint8Array(values.length / blockSize * blockBytes);
  codecs[type].quantize(values, blocks);
  scope.postMessage(blocks, [blocks.buffer]);
});
