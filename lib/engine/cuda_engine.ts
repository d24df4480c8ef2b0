/**
 * ONNX Runtime's CUDA provider. Its binding for JavaScript hands tensors over in the process's own memory: each run copies
 * its feeds to the card and its results back. Weights that stay as they are therefore belong into the program.
 *
 * Written to ONNX Runtime's list of what the provider computes (docs/OperatorKernels.md) and to the provider's library as
 * published for 1.30; not run on a card by us.
 */
import * as ort from "onnxruntime-node";
import { Graph, reduceMax, softmax, sum } from "../graph/mod.ts";
import { type CudaStatus, cudaStatus } from "./cuda_status.ts";
import { HostEngine } from "./ort_engine.ts";
import { message } from "./ort_program.ts";

/** Starts the provider. Throws, naming the library that is missing and what to install, where it cannot start. */
export async function createCudaEngine(): Promise<CudaEngine> {
  const status = cudaStatus();
  if (!status.available) throw cudaError(status.description, status);
  const engine = new CudaEngine(status);
  try {
    await engine.probe();
  } catch (error) {
    await engine.dispose();
    throw cudaError(message(error), status);
  }
  return engine;
}

function cudaError(problem: string, { advice }: CudaStatus): Error {
  const instead = 'Use device "webgpu" or "cpu" otherwise.';
  return new Error([`device "cuda" cannot be used: ${problem}. ${instead}`, advice].join("\n").trim());
}

export class CudaEngine extends HostEngine {
  readonly device = "cuda";
  override readonly copiesFeeds = true;
  readonly description: string;
  // What has no CUDA kernel (sizes of shapes, for one) is computed on the CPU, so falling back must stay allowed.
  protected readonly sessionOptions: ort.InferenceSession.SessionOptions = {
    executionProviders: ["cuda"],
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    enableMemPattern: false,
  };

  constructor({ cards }: Pick<CudaStatus, "cards">) {
    super();
    this.description = `ONNX Runtime ${ort.env.versions.node} on CUDA, ${cards[0].name}`;
  }

  /** Runs a small program of what needs most of the libraries, so that a lack of them shows at once. */
  async probe(): Promise<void> {
    const x = new Graph().input("x", [2, 3]);
    const outputs = { sums: sum(x, 0), largest: reduceMax(x, 1), shares: softmax(x) };
    const program = await this.compile({ outputs });
    const fed = this.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    try {
      const results = await program.run({ x: fed });
      Object.values(results).forEach((tensor) => tensor.dispose());
      const numbers = results.sums.data!.join(" ");
      if (numbers !== "5 7 9") throw new Error(`sums of 1 2 3 and 4 5 6 came out as ${numbers}`);
    } finally {
      fed.dispose();
      await program.dispose();
    }
  }
}
