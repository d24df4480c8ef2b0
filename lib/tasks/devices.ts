/**
 * Shows what this machine can compute on, what is missing for the rest, and what `device: "auto"` would take.
 *
 *   deno task devices [--json]
 */
import { type DeviceReport, deviceReport, type GpuAdapter } from "../engine/mod.ts";

const NO_ADAPTER =
  `No GPU that ONNX Runtime's WebGPU can use. It needs a driver for Vulkan (Linux), Metal (macOS) or D3D12
(Windows), which come with the system or from the GPU's maker. On Linux also the Vulkan loader:
  Debian, Ubuntu: apt install libvulkan1; for AMD and Intel also mesa-vulkan-drivers; for NVIDIA its own driver
  Fedora: dnf install vulkan-loader mesa-vulkan-drivers
In a container, the GPU must be handed in: --device /dev/dri, or NVIDIA's container toolkit with
NVIDIA_DRIVER_CAPABILITIES=all. For Linux on arm64, such a container on a Mac included, ONNX Runtime's npm package has
no WebGPU. Everything runs on the CPU meanwhile.`;

/** The report as lines for people. */
export function showReport({ cpu, adapters, webgpu, cuda, tensorflow, auto }: DeviceReport): string {
  const installed = (wanted: boolean) =>
    tensorflow.filter(({ installed }) => installed === wanted).map(({ backend }) => backend).join(", ");
  const rows: [title: string, ...lines: string[]][] = [
    ["CPU", `${cpu.threads} threads, ${bytes(cpu.memoryBytes)} of memory`],
    ...adapters.map((adapter, at): [string, ...string[]] => [`GPU ${at + 1}`, ...showAdapter(adapter)]),
    ...(adapters.length === 0 ? [["GPU", "none that Deno sees"] as [string, string]] : []),
    [
      "webgpu",
      webgpu.available
        ? `ready; ${webgpu.supportsFloat16 ? "computes" : "cannot compute"} float16`
        : `not available: ${webgpu.why}`,
    ],
    ["cuda", `${cuda.available ? "ready" : "not available"}: ${cuda.description}`],
    ["tensorflow", `backends ${installed(true)}`, `not installed: ${installed(false)}`],
    ...auto.speeds.map(({ device, gflops, gigabytes }, at): [string, string] => [
      at === 0 ? "measured" : "",
      `${device.padEnd(6)} ${rate(gflops).padStart(7)} GFLOP/s in training's products, ` +
      `${rate(gigabytes).padStart(5)} GB/s of weights in decoding's`,
    ]),
    ["auto", `takes ${auto.device}`],
  ];
  const width = Math.max(...rows.map(([title]) => title.length)) + 2;
  const table = rows.flatMap(([title, ...lines]) =>
    lines.filter((line) => !line.endsWith(": ")).map((line, at) => (at === 0 ? title : "").padEnd(width) + line)
  );
  const advice = [webgpu.available ? "" : NO_ADAPTER, cuda.advice && `For CUDA on an NVIDIA card. ${cuda.advice}`];
  return [table.join("\n"), ...advice.filter((text) => text !== "")].join("\n\n");
}

function showAdapter({ vendor, architecture, description, isSoftware, features, ...limits }: GpuAdapter): string[] {
  const names = [description, vendor, architecture, isSoftware ? "a simulation on the CPU" : ""];
  const has = Object.entries(features).map(([name, present]) => `${name} ${present ? "yes" : "no"}`);
  return [
    names.filter((name) => name !== "").join(", "),
    has.join(", "),
    `buffers of up to ${bytes(limits.maxBufferSize)}, ${
      bytes(limits.maxStorageBufferBindingSize)
    } for one shader input`,
  ];
}

/** 134 MB, 8.4 GB */
function bytes(count: number): string {
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

function rate(number: number): string {
  return number < 10 ? number.toPrecision(2) : Math.round(number).toLocaleString("en-US");
}

if (import.meta.main) {
  const unknown = Deno.args.filter((arg) => arg !== "--json");
  if (unknown.length > 0) {
    console.error(`deno task devices: expected nothing or --json, got ${unknown.join(" ")}`);
    Deno.exit(2);
  }
  const report = await deviceReport();
  console.log(Deno.args.includes("--json") ? JSON.stringify(report, null, 2) : showReport(report));
}
