import assert from "node:assert/strict";
import { type CudaPlaces, type CudaStatus, cudaStatus, nativeFolder } from "../../lib/engine/cuda_status.ts";
import { neededLibraries } from "../../lib/engine/elf.ts";
import { inFolder } from "../support/in_folder.ts";

const PLATFORM = { platform: "linux x86_64" };
const [SHARED, CUDA] = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** The bytes of a library that needs others: an ELF file of headers, names and a dynamic section only. */
function library(needed: readonly string[]): Uint8Array {
  const names = new TextEncoder().encode("\0" + needed.map((name) => `${name}\0`).join(""));
  const [segments, address] = [64, 0x10000];
  const strings = segments + 2 * 56;
  const dynamic = strings + names.length;
  const entries: [tag: number, value: number][] = [[5, address + strings], [10, names.length]];
  let at = 1;
  for (const name of needed) {
    entries.push([1, at]);
    at += name.length + 1;
  }
  entries.push([0, 0]);
  const bytes = new Uint8Array(dynamic + 16 * entries.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(32, BigInt(segments), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  const segment = (position: number, type: number, offset: number, length: number) => {
    view.setUint32(position, type, true);
    view.setBigUint64(position + 8, BigInt(offset), true);
    view.setBigUint64(position + 16, BigInt(address + offset), true);
    view.setBigUint64(position + 32, BigInt(length), true);
  };
  // The headers are not loaded: what is loaded starts further on in the file.
  segment(segments, 1, segments, bytes.length - segments);
  segment(segments + 56, 2, dynamic, 16 * entries.length);
  bytes.set(names, strings);
  entries.forEach(([tag, value], position) => {
    view.setBigUint64(dynamic + 16 * position, BigInt(tag), true);
    view.setBigUint64(dynamic + 16 * position + 8, BigInt(value), true);
  });
  return bytes;
}

/** What is said of a folder with these files, by what they need. */
async function statusOf(
  files: Record<string, readonly string[] | Uint8Array>,
  places: Omit<CudaPlaces, "folder"> = {},
): Promise<CudaStatus> {
  const found: CudaStatus[] = [];
  await inFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, content instanceof Uint8Array ? content : library(content));
    }
    found.push(cudaStatus({ ...PLATFORM, searchPath: [], ...places, folder }));
  });
  return found[0];
}

Deno.test("cudaStatus() says that the provider itself is missing, and how to install it", async () => {
  const { available, missing, description, advice } = await statusOf({});
  assert.equal(available, false);
  assert.deepEqual(missing, [SHARED, CUDA]);
  assert.equal(description, `${SHARED} and ${CUDA} not installed`);
  assert.match(
    advice,
    /pip install .*"onnxruntime-gpu\[cuda,cudnn\]==\d+\.\d+\.\d+"\ncp .* '\/.*'\nexport LD_LIBRARY_PATH=/,
  );
  assert.deepEqual((await statusOf({ [SHARED]: [] })).missing, [CUDA]);
});

Deno.test("cudaStatus() names the libraries that the provider needs and the loader will not find", async () => {
  const needed = ["libc.so.6", "libkiln_cublas.so.13", "libkiln_cudart.so.13", "libc.so.6"];
  const { available, missing, description, advice } = await statusOf({ [SHARED]: ["libc.so.6"], [CUDA]: needed });
  assert.equal(available, false);
  assert.deepEqual(missing, ["libkiln_cublas.so.13", "libkiln_cudart.so.13"]);
  assert.equal(description, "libkiln_cublas.so.13, libkiln_cudart.so.13 not found");
  assert.match(advice, /pip install/);
});

Deno.test("cudaStatus() finds libraries on the library path and beside the provider", async () => {
  const files = { [SHARED]: [], [CUDA]: ["libkiln_a.so", "libkiln_b.so"], "libkiln_b.so": [] };
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/libkiln_a.so`, library([]));
    assert.deepEqual((await statusOf(files, { searchPath: ["/nowhere", folder] })).missing, []);
  });
  assert.deepEqual((await statusOf(files)).missing, ["libkiln_a.so"]);
});

Deno.test("cudaStatus() tells the driver's library from CUDA's", async () => {
  const { missing, advice } = await statusOf({ [SHARED]: [], [CUDA]: ["libcuda.so.1"] });
  if (missing.length === 0) return; // there is a driver
  assert.deepEqual(missing, ["libcuda.so.1"]);
  assert.equal(advice, "Install it: libcuda.so.1 comes with NVIDIA's driver.");
  const both = await statusOf({ [SHARED]: [], [CUDA]: ["libcuda.so.1", "libkiln.so"] });
  assert.match(both.advice, /pip install.*comes with NVIDIA's driver\.$/s);
});

Deno.test("nativeFolder() is beside the package's main file, whatever folder the project is in", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const package_ = "/home/me/my models #1, 100%/node_modules/onnxruntime-node";
  assert.equal(nativeFolder(`${package_}/dist/index.js`), `${package_}/bin/napi-v6/linux/x64`);
  if (Deno.build.os === "linux" && Deno.build.arch === "x86_64") {
    assert.ok((await Deno.stat(`${nativeFolder()}/onnxruntime_binding.node`)).isFile);
  }
});

Deno.test("cudaStatus() refuses a file that is no library, and platforms without a provider", async () => {
  const { available, description } = await statusOf({ [SHARED]: [], [CUDA]: new TextEncoder().encode("<html>") });
  assert.equal(available, false);
  assert.match(
    description,
    /libonnxruntime_providers_cuda\.so is no library that can be read: (it is cut off|expected a 64-bit little-endian ELF file)$/,
  );
  for (const platform of ["windows x86_64", "darwin aarch64", "linux aarch64"]) {
    const status = cudaStatus({ platform });
    assert.equal(status.available, false);
    assert.match(status.description, new RegExp(`CUDA on Linux on x64 only, this is ${platform}$`));
  }
});

Deno.test("neededLibraries() reads a real library, and survives damaged ones", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const deno = neededLibraries(Deno.execPath());
  assert.ok(deno.some((name) => /^libc\.so/.test(name)), `${deno}`);
  const good = library(["liba.so", "libb.so"]);
  await inFolder(async (folder) => {
    const path = `${folder}/damaged.so`;
    await Deno.writeFile(path, good);
    assert.deepEqual(neededLibraries(path), ["liba.so", "libb.so"]);
    for (let length = 0; length < good.length; length += 7) {
      await Deno.writeFile(path, good.subarray(0, length));
      assert.throws(() => neededLibraries(path), /damaged\.so is no library that can be read: /);
    }
    for (let position = 0; position < good.length; position += 3) {
      await Deno.writeFile(path, good.with(position, 0xff));
      try {
        neededLibraries(path).forEach((name) => assert.equal(typeof name, "string"));
      } catch (error) {
        assert.match((error as Error).message, /damaged\.so is no library that can be read: /);
      }
    }
  });
});
