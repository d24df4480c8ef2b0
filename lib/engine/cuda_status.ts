/**
 * Whether ONNX Runtime's CUDA provider can start here, and if not, which library it lacks.
 *
 * ONNX Runtime itself only says "Failed to load shared library" (the library's name goes to the terminal), so what it will
 * look for is looked up beforehand: two files beside the npm package's own, and the libraries that they name.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { type CudaCard, cudaCards } from "./cuda_cards.ts";
import { neededLibraries } from "./elf.ts";
import { message } from "./ort_program.ts";

/** What is known about CUDA on this machine. */
export interface CudaStatus {
  /** Whether all that is needed is there. Only making an engine shows whether it works. */
  available: boolean;
  /** Libraries that the loader will not find, the first of them first. */
  missing: string[];
  /** The cards, as the driver names them. */
  cards: CudaCard[];
  /** One phrase: the card, or what is missing. */
  description: string;
  /** What to do about what is missing; empty where nothing is. */
  advice: string;
}

/** Where to look; for tests. */
export interface CudaPlaces {
  /** The npm package's folder of native libraries. */
  folder?: string;
  /** Folders that the loader searches first. */
  searchPath?: readonly string[];
  platform?: string;
}

/** The provider, and the bridge over which ONNX Runtime loads it. */
const PROVIDER_FILES = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** Comes with the driver and not with CUDA. */
const DRIVER = "libcuda.so.1";

/** Loaded by the provider when it first needs it: its kernels for reductions may ask for it. */
const CUDNN = "libcudnn.so.9";

/** Where the loader looks when no cache and no variable says otherwise (ld.so(8)). */
const DEFAULT_FOLDERS = [
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
];

/**
 * The commands that put the provider into `folder` and CUDA where the loader finds it.
 *
 * What has to be done once to use `device: "cuda"`, on Linux on x64 with an NVIDIA driver for CUDA 13 (580 or newer) and Python
 * 3.11 or newer. In the project's folder:
 *
 * ```sh
 * python3 -m pip install --target ~/.cache/kiln/cuda "onnxruntime-gpu[cuda,cudnn]==1.30.0"
 * native=node_modules/onnxruntime-node/bin/napi-v6/linux/x64
 * cp ~/.cache/kiln/cuda/onnxruntime/capi/libonnxruntime_providers_{shared,cuda}.so $native
 * export LD_LIBRARY_PATH=$(find ~/.cache/kiln/cuda/nvidia -name lib -type d | paste -sd:)
 * deno task devices
 * ```
 *
 * The variable must be set where Deno is started (for notebooks: before Jupyter), and the files copied again when
 * node_modules is made anew. The provider must be of the same release as the npm package. Another way is the package's own
 * install script, which deno.json denies: it fetches from NuGet a provider that the package's README says is for CUDA 12.
 *
 * Products of float32 use TensorFloat-32 on cards that have it (10 bits of fraction), which cannot be switched off from
 * here; `NVIDIA_TF32_OVERRIDE=0` in the environment does.
 */
function cudaInstallSteps(folder: string): string {
  return [
    `python3 -m pip install --target ~/.cache/kiln/cuda "onnxruntime-gpu[cuda,cudnn]==${ort.env.versions.node}"`,
    `cp ~/.cache/kiln/cuda/onnxruntime/capi/libonnxruntime_providers_{shared,cuda}.so '${folder}'`,
    "export LD_LIBRARY_PATH=$(find ~/.cache/kiln/cuda/nvidia -name lib -type d | paste -sd:)",
  ].join("\n");
}

/** Looks for what the CUDA provider needs. Starts nothing but the driver, and that only where all else is there. */
export function cudaStatus(places: CudaPlaces = {}): CudaStatus {
  const { platform = `${Deno.build.os} ${Deno.build.arch}` } = places;
  if (platform !== "linux x86_64") {
    return unavailable([], `ONNX Runtime's npm package has CUDA on Linux on x64 only, this is ${platform}`, "");
  }
  const { folder = nativeFolder(), searchPath = pathsIn(Deno.env.get("LD_LIBRARY_PATH")) } = places;
  const steps = `Install the provider and CUDA's libraries:\n${cudaInstallSteps(folder)}`;
  const absent = PROVIDER_FILES.filter((file) => !existsSync(`${folder}/${file}`));
  if (absent.length > 0) return unavailable(absent, `${absent.join(" and ")} not installed`, steps);

  let needed: string[];
  try {
    needed = PROVIDER_FILES.flatMap((file) => neededLibraries(`${folder}/${file}`));
  } catch (error) {
    return unavailable([PROVIDER_FILES[1]], message(error), steps);
  }
  const isFound = finder([folder, ...searchPath]);
  const missing = [...new Set(needed)].filter((name) => !PROVIDER_FILES.includes(name) && !isFound(name));
  if (missing.length > 0) {
    const onlyDriver = missing.every((name) => name === DRIVER);
    const driver = `${DRIVER} comes with NVIDIA's driver.`;
    const libraries = missing.includes(DRIVER) ? `${steps}\n${driver}` : steps;
    return unavailable(missing, `${missing.join(", ")} not found`, onlyDriver ? `Install it: ${driver}` : libraries);
  }
  const { cards, problem } = cudaCards(DRIVER);
  if (problem) return unavailable([], problem, "Check that nvidia-smi lists a card.");
  const names = cards.map(({ name, memoryBytes }) => `${name} with ${(memoryBytes / 2 ** 30).toFixed(0)} GiB`);
  const cudnn = isFound(CUDNN) ? "" : `; ${CUDNN} not found, which some operators need`;
  return { available: true, missing: [], cards, description: names.join(", ") + cudnn, advice: cudnn && steps };
}

function unavailable(missing: string[], description: string, advice: string): CudaStatus {
  return { available: false, missing, cards: [], description, advice };
}

/** Where the npm package, whose main file is in its folder dist, keeps its native libraries and looks for the provider. */
export function nativeFolder(main: string = createRequire(import.meta.url).resolve("onnxruntime-node")): string {
  return join(main, "../../bin/napi-v6/linux/x64");
}

function pathsIn(list: string | undefined): string[] {
  return (list ?? "").split(/[:;]/).filter((path) => path !== "");
}

/** Says of a library whether the loader would find it. Loading it instead can take a minute: cuBLAS is 500 MB. */
function finder(folders: readonly string[]): (name: string) => boolean {
  let cache = "";
  try {
    // Paths lie in it as text that ends in a zero byte.
    cache = readFileSync("/etc/ld.so.cache", "latin1");
  } catch {
    // Systems with musl have none.
  }
  const all = [...folders, ...DEFAULT_FOLDERS];
  return (name) => all.some((folder) => existsSync(`${folder}/${name}`)) || cache.includes(`/${name}\0`);
}
