/** TensorBoard's messages: the fields of event.proto, summary.proto and histogram.proto that we write. */
import protobuf from "protobufjs/light.js";

/** A histogram: `bucket[i]` values lie up to `bucketLimit[i]` and above the limit before it. */
export interface HistogramMessage {
  min: number;
  max: number;
  num: number;
  sum: number;
  sumSquares: number;
  bucketLimit: number[];
  bucket: number[];
}

/** A value under its tag: a number, in single precision, or a histogram. */
export interface SummaryValueMessage {
  tag: string;
  simpleValue?: number;
  histo?: HistogramMessage;
}

/** One record of an event file. */
export interface EventMessage {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  /** `brain.Event:2`, in the first record of a file. */
  fileVersion?: string;
  summary?: { value: SummaryValueMessage[] };
  sessionLog?: { status: number };
  /** What wrote the file, in its first record. */
  sourceMetadata?: { writer: string };
}

/** SessionLog.START: earlier values at this step and later ones no longer count. */
export const SESSION_START = 1;

const { nested } = protobuf.Root.fromJSON({
  nested: {
    Event: {
      oneofs: { what: { oneof: ["fileVersion", "summary", "sessionLog"] } },
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
        sessionLog: { type: "SessionLog", id: 7 },
        sourceMetadata: { type: "SourceMetadata", id: 10 },
      },
    },
    SessionLog: { fields: { status: { type: "int32", id: 1 } } },
    SourceMetadata: { fields: { writer: { type: "string", id: 1 } } },
    Summary: { fields: { value: { rule: "repeated", type: "Value", id: 1 } } },
    Value: {
      oneofs: { value: { oneof: ["simpleValue", "histo"] } },
      fields: {
        tag: { type: "string", id: 1 },
        simpleValue: { type: "float", id: 2 },
        histo: { type: "HistogramProto", id: 5 },
      },
    },
    HistogramProto: {
      fields: {
        min: { type: "double", id: 1 },
        max: { type: "double", id: 2 },
        num: { type: "double", id: 3 },
        sum: { type: "double", id: 4 },
        sumSquares: { type: "double", id: 5 },
        bucketLimit: { rule: "repeated", type: "double", id: 6, options: { packed: true } },
        bucket: { rule: "repeated", type: "double", id: 7, options: { packed: true } },
      },
    },
  },
});

/** Encodes and decodes events. */
export const eventType = nested!.Event as protobuf.Type;

/** The bytes of an event, as protobuf writes them: a number that is 0 is left out where that is what 0 means. */
export function encodeEvent(event: EventMessage): Uint8Array {
  return eventType.encode(event).finish();
}
