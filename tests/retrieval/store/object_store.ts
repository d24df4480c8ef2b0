/**
 * Object stores of other makers for tests, started by them: KILN_S3 names the program that `.ci/install-s3.sh` fetches,
 * KILN_AZURITE Microsoft's `azurite-blob` (npm's package azurite, 365 MB, so no CI installs it).
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** A running store with an empty bucket `library`. */
export interface ObjectStore {
  /** The location of a folder in it. */
  uri(prefix: string): string;
  /** Its address and its keys, for `openTable`. */
  storageOptions: Record<string, string>;
  /** The same for programs, as their environment. */
  env: Record<string, string>;
  /** An option with a wrong secret. */
  wrongSecret: Record<string, string>;
}

interface Maker {
  program: string;
  advice: string;
  args: string[];
  env: Record<string, string>;
  /** Makes it ready at the address that it wrote. */
  open(endpoint: string): Promise<ObjectStore>;
}

// Its accounts are what its environment says.
const AZURE_KEY = Buffer.from("a key of these tests, for nothing else").toString("base64");

const STORES = {
  s3: {
    program: "KILN_S3",
    advice: ". .ci/install-s3.sh",
    args: [],
    env: { DENO: Deno.execPath() },
    open: (endpoint) =>
      Promise.resolve({
        uri: (prefix) => `s3://library/${prefix}`,
        storageOptions: {
          endpoint,
          allowHttp: "true",
          region: "us-east-1",
          awsAccessKeyId: "S3RVER",
          awsSecretAccessKey: "S3RVER",
        },
        env: {
          AWS_ENDPOINT: endpoint,
          AWS_ALLOW_HTTP: "true",
          AWS_DEFAULT_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "S3RVER",
          AWS_SECRET_ACCESS_KEY: "S3RVER",
        },
        wrongSecret: { awsSecretAccessKey: "a-secret-that-is-wrong" },
      }),
  },
  azure: {
    program: "KILN_AZURITE",
    advice: "npm install azurite, and the path of its azurite-blob",
    args: ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"],
    env: { AZURITE_ACCOUNTS: `kiln:${AZURE_KEY}` },
    open: async (host) => {
      const endpoint = `${host}/kiln`;
      await makeContainer(endpoint);
      return {
        uri: (prefix) => `az://library/${prefix}`,
        storageOptions: { endpoint, allowHttp: "true", accountName: "kiln", accountKey: AZURE_KEY },
        env: {
          AZURE_ENDPOINT: endpoint,
          AZURE_ALLOW_HTTP: "true",
          AZURE_STORAGE_ACCOUNT_NAME: "kiln",
          AZURE_STORAGE_ACCOUNT_KEY: AZURE_KEY,
        },
        wrongSecret: { accountKey: Buffer.from("a-secret-that-is-wrong").toString("base64") },
      };
    },
  },
} satisfies Record<string, Maker>;

/** A store's maker. */
export type StoreKind = keyof typeof STORES;

/** The makers that there are. */
export const STORE_KINDS = Object.keys(STORES) as StoreKind[];

/** Why there is no such store; null where there is. */
export function lacksStore(kind: StoreKind): string | null {
  const { program, advice } = STORES[kind];
  return Deno.env.get(program) ? null : `${program} names no program (${advice})`;
}

/** Runs a test with a store of its own. */
export async function withStore(kind: StoreKind, run: (store: ObjectStore) => Promise<void>): Promise<void> {
  const { program, args, env, open }: Maker = STORES[kind];
  const child = new Deno.Command(Deno.env.get(program)!, { args, env, stdout: "piped", stderr: "null" }).spawn();
  const text = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    let endpoint: string | undefined;
    while (endpoint === undefined) {
      const { value, done } = await text.read();
      if (done) throw new Error(`${Deno.env.get(program)} ended without writing an address: ${said}`);
      endpoint = /http:\/\/[\d.]+:\d+(?=\s)/.exec(said += value)?.[0];
    }
    await run(await open(endpoint));
  } finally {
    try {
      child.kill();
    } catch {
      // It ended by itself.
    }
    await text.cancel();
    await child.status;
  }
}

/** By Azure's own signature: LanceDB makes no containers. */
async function makeContainer(endpoint: string): Promise<void> {
  const date = new Date().toUTCString();
  const signed = `PUT${
    "\n".repeat(12)
  }x-ms-date:${date}\nx-ms-version:2021-08-06\n/kiln/kiln/library\nrestype:container`;
  const signature = createHmac("sha256", Buffer.from(AZURE_KEY, "base64")).update(signed).digest("base64");
  const response = await fetch(`${endpoint}/library?restype=container`, {
    method: "PUT",
    headers: { "x-ms-date": date, "x-ms-version": "2021-08-06", authorization: `SharedKey kiln:${signature}` },
  });
  if (response.status !== 201) throw new Error(`no container: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}
