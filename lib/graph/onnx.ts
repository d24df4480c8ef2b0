/** Writes a graph as the bytes of an ONNX file. */
import onnxProto from "onnx-proto";
import type { Dimension } from "./dimension.ts";
import { bindDimensions, neededNodes } from "./evaluate.ts";
import type { Dialect, GraphBody, OnnxAttribute } from "./operator.ts";
import { ONNX_DTYPE } from "./ops/select.ts";
import type { Tensor } from "./tensor.ts";

const { onnx } = onnxProto;

/**
 * The newest operator set that each provider of ONNX Runtime 1.30 covers for our operators. The CUDA provider's Scan, Identity
 * and Pad are not registered for later versions: the CPU would run them, between copies. A portable file asks for no more
 * than its nodes need.
 */
const OPSET: Record<Dialect, number> = { cpu: 21, webgpu: 21, cuda: 18, portable: 18 };
const IR_VERSION = 10;

/** A value baked into the file, e.g. a frozen weight that ONNX Runtime may repack for speed. */
export interface Initializer {
  data: Float32Array | Uint16Array | Uint8Array;
  shape: readonly number[];
}

/** A value in a file beside the ONNX file, for weights beyond what one protobuf holds. */
export interface ExternalInitializer {
  /** The file's name. */
  location: string;
  /** In bytes. */
  offset: number;
  byteLength: number;
  shape: readonly number[];
}

/** What to write. */
export interface SerializeOptions {
  outputs: readonly Tensor[];
  /** Names for the outputs, in their order; by default the tensors' own names. */
  names?: readonly string[];
  target: Dialect;
  /** Inputs that become part of the file instead: their values by name, or where those are. */
  initializers?: Record<string, Initializer | ExternalInitializer>;
}

/** An ONNX file and the inputs that a program made from it must be fed. */
export interface SerializedGraph {
  bytes: Uint8Array;
  inputs: Tensor[];
  /** Number of ONNX nodes, for tests and curious people. */
  nodeCount: number;
}

/** Writes the nodes that `outputs` need, and nothing else. */
export function serialize({ outputs, names, target, initializers = {} }: SerializeOptions): SerializedGraph {
  const { graph } = outputs[0];
  const writer = new NodeWriter(graph.names, target);
  const used = writer.write(outputs);
  const inputs = graph.inputs.filter((input) => used.has(input));
  for (const input of inputs) {
    const value = initializers[input.name];
    if (!value) continue;
    bindDimensions([{ tensor: input, shape: value.shape }]);
    const dtype = ONNX_DTYPE[input.dtype];
    writer.initializers.push(
      "data" in value
        ? initializer(input.name, value.shape, dtype, value.data)
        : externalInitializer(input.name, dtype, value),
    );
  }
  const fed = inputs.filter((input) => !(input.name in initializers));
  // An output under its public name is one more Identity, which ONNX Runtime removes again.
  const outputInfos = outputs.map((output, position) => {
    const name = names?.[position] ?? output.name;
    const source = writer.nameOf(output);
    if (name !== output.name && graph.names.has(name)) {
      throw new Error(`output "${name}": the graph has another tensor of that name`);
    }
    if (source !== name) writer.emit("Identity", [source], { outputs: [name] });
    return valueInfo(name, output.dtype, output.shape);
  });
  const nodes = withoutUnread(writer.nodes, outputInfos.map(({ name }) => name!));
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: "kiln",
    opsetImport: [{ domain: "", version: OPSET[target] }, { domain: "com.microsoft", version: 1 }],
    graph: {
      name: "kiln",
      node: nodes,
      input: fed.map((input) => valueInfo(input.name, input.dtype, input.shape)),
      output: outputInfos,
      initializer: writer.initializers,
    },
  });
  return { bytes: onnx.ModelProto.encode(model).finish(), inputs: fed, nodeCount: nodes.length };
}

/** Without nodes that nothing reads: an operator writes those of all its outputs, and ONNX Runtime would run them. */
function withoutUnread(
  nodes: readonly onnxProto.onnx.INodeProto[],
  outputs: readonly string[],
): onnxProto.onnx.INodeProto[] {
  const read = new Set(outputs);
  const readBy = ({ input, attribute }: onnxProto.onnx.INodeProto): string[] => [
    ...input!,
    ...attribute!.flatMap(({ g }) => g ? [...g.output!.map(({ name }) => name!), ...g.node!.flatMap(readBy)] : []),
  ];
  return nodes.toReversed().filter((node) => {
    if (!node.output!.some((name) => read.has(name))) return false;
    readBy(node).forEach((name) => read.add(name));
    return true;
  }).reverse();
}

/** Collects ONNX nodes, constants and renamed values while operators lower themselves. */
class NodeWriter {
  readonly nodes: onnxProto.onnx.INodeProto[] = [];
  readonly initializers: onnxProto.onnx.ITensorProto[] = [];
  readonly aliases = new Map<string, string>();
  readonly #constants = new Map<string, string>();
  #count = 0;

  /** @param prefix Starts the names of everything in a graph inside another, whose names are seen from there too. */
  constructor(readonly taken: ReadonlySet<string>, readonly target: Dialect, readonly prefix = "") {}

  /** Writes the nodes and constants that `outputs` need; returns all tensors that were used. */
  write(outputs: readonly Tensor[]): Set<Tensor> {
    const used = new Set<Tensor>(outputs);
    for (const node of neededNodes(outputs)) {
      node.inputs.forEach((input) => used.add(input));
      node.operator.lower({
        target: this.target,
        inputs: node.inputs.map((input) => this.nameOf(input)),
        inputTypes: node.inputs,
        outputs: node.outputs.map((output) => this.prefix + output.name),
        outputTypes: node.outputs,
        attributes: node.attributes,
        emit: (opType, inputs, options = {}) => this.emit(opType, inputs, options),
        integers: (values) => this.integers(values),
        float: (value) => this.float(value),
        countTo: (length) => this.countTo(length),
        alias: (output, existing) => this.aliases.set(output, existing),
        body: (inner) => ({ graph: this.body(inner, this.prefix + node.outputs[0].name) }),
      });
    }
    for (const { tensor, values } of outputs[0].graph.constants.values()) {
      if (!used.has(tensor)) continue;
      const [name, shape] = [this.prefix + tensor.name, tensor.shape as number[]];
      this.initializers.push(initializer(name, shape, ONNX_DTYPE[tensor.dtype], values));
    }
    return used;
  }

  /** Where a tensor's value is. */
  nameOf(tensor: Tensor): string {
    return this.resolve(this.prefix + tensor.name);
  }

  resolve(name: string): string {
    return this.aliases.get(name) ?? name;
  }

  /** A graph inside this one. */
  body({ inputs, given, outputs }: GraphBody, owner: string): onnxProto.onnx.IGraphProto {
    const writer = new NodeWriter(outputs[0].graph.names, this.target, `${owner}/`);
    for (const [name, outer] of Object.entries(given)) writer.aliases.set(writer.prefix + name, outer);
    writer.write(outputs);
    const info = (name: string, { dtype, shape }: Tensor) => valueInfo(name, dtype, shape);
    return {
      name: owner,
      input: inputs.map((input) => info(writer.prefix + input.name, input)),
      output: outputs.map((output, position) => {
        // A value that the body only hands through needs a node of its own.
        const name = writer.emit("Identity", [writer.nameOf(output)], {
          outputs: [`${writer.prefix}output ${position}`],
        });
        return info(name, output);
      }),
      node: writer.nodes,
      initializer: writer.initializers,
    };
  }

  emit(
    opType: string,
    inputs: readonly string[],
    { outputs, attributes = {}, domain = "" }: {
      outputs?: readonly string[];
      attributes?: Record<string, OnnxAttribute>;
      domain?: string;
    },
  ): string {
    const names = outputs ?? [this.#unusedName("temporary")];
    this.nodes.push({
      opType,
      domain,
      input: inputs.map((name) => this.resolve(name)),
      output: [...names],
      attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
    });
    return names[0];
  }

  integers(values: readonly number[]): string {
    return this.#constant(`int64 ${values}`, [values.length], 7, BigInt64Array.from(values, BigInt));
  }

  float(value: number): string {
    return this.#constant(`float32 ${value}`, [], 1, Float32Array.of(value));
  }

  countTo(length: number): string {
    return this.#constant(`count ${length}`, [length, 1], 6, Int32Array.from({ length }, (_, i) => i));
  }

  #unusedName(kind: string): string {
    let name: string;
    do name = `${kind}${this.#count++}`; while (this.taken.has(name));
    return this.prefix + name;
  }

  #constant(
    key: string,
    shape: readonly number[],
    dtype: number,
    data: Float32Array | BigInt64Array | Int32Array,
  ): string {
    let name = this.#constants.get(key);
    if (!name) {
      name = this.#unusedName("literal");
      this.#constants.set(key, name);
      this.initializers.push(initializer(name, shape, dtype, data));
    }
    return name;
  }
}

function initializer(
  name: string,
  shape: readonly number[],
  dataType: number,
  data: Float32Array | Uint16Array | Uint8Array | BigInt64Array | Int32Array,
): onnxProto.onnx.ITensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...shape], dataType, rawData };
}

/** TensorProto's data_location EXTERNAL is 1. */
function externalInitializer(
  name: string,
  dataType: number,
  { location, offset, byteLength, shape }: ExternalInitializer,
): onnxProto.onnx.ITensorProto {
  const externalData = Object.entries({ location, offset, length: byteLength })
    .map(([key, value]) => ({ key, value: String(value) }));
  return { name, dims: [...shape], dataType, dataLocation: 1, externalData };
}

/** AttributeProto's type numbers: FLOAT 1, INT 2, STRING 3, GRAPH 5, INTS 7. */
function attributeProto(name: string, value: OnnxAttribute): onnxProto.onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if ("graph" in value) return { name, type: 5, g: value.graph };
  if ("float" in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: [...value] };
}

function valueInfo(name: string, dtype: Tensor["dtype"], shape: readonly Dimension[]): onnxProto.onnx.IValueInfoProto {
  // A sum of products of sizes ("4*tokens") is a legal name of a size: ONNX only asks that equal names mean equal sizes.
  const dim = shape.map((length) => typeof length === "number" ? { dimValue: length } : { dimParam: length });
  return { name, type: { tensorType: { elemType: ONNX_DTYPE[dtype], shape: { dim } } } };
}
