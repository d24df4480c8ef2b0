/** ONNX Runtime's CPU provider. */
import * as ort from "onnxruntime-node";
import type { CompileOptions } from "./engine.ts";
import { HostEngine } from "./ort_engine.ts";

export class CpuEngine extends HostEngine {
  readonly device = "cpu";
  readonly description: string;
  protected readonly sessionOptions: ort.InferenceSession.SessionOptions;

  constructor(threads: number) {
    super();
    this.description = `ONNX Runtime ${ort.env.versions.node} on the CPU, ${threads} threads`;
    this.sessionOptions = {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4, // errors are thrown; no need to print them too
      // Planned memory comes on top of what the first run of a shape took: half as much again, for no time won.
      enableMemPattern: false,
      // It would undo transposes that our lowering set apart from their product because that is faster.
      extra: { optimization: { disable_specified_optimizers: "MatmulTransposeFusion" } },
    };
  }

  /**
   * Threads that wait for work by spinning wake up at once, but take a core from whatever else runs: another program of
   * ours or of the user's. Without it training is a fifth faster (up to three times on a busy machine) and decoding, whose
   * operators are short, a fifth slower.
   */
  override optionsFor(options: Pick<CompileOptions, "lowLatency" | "foldConstants">) {
    const { extra, ...others } = super.optionsFor(options);
    const session = { intra_op: { allow_spinning: options.lowLatency ? "1" : "0" } };
    return { ...others, extra: { ...extra, session } };
  }
}
