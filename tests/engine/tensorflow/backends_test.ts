import assert from "node:assert/strict";
import util from "node:util";
import { explainNodeError, isInstalled } from "../../../lib/engine/tensorflow/backends.ts";
import "../../../lib/engine/tensorflow/node_util.ts";

Deno.test("explainNodeError() says which command installs the native library", () => {
  const error = new Error(
    "The Node.js native addon module (tfjs_binding.node) can not be found at path: /project/lib/napi-v8/tfjs_binding.node. " +
      "\nPlease run command 'npm rebuild @tensorflow/tfjs-node-gpu --build-addon-from-source' to rebuild the native addon module.",
  );
  assert.equal(
    explainNodeError("node-gpu", error),
    'backend "node-gpu" cannot be used: its native library (tfjs_binding.node) is missing: the package\'s install script, ' +
      "which downloads it, has not run. Run `deno cache --allow-scripts=npm:@tensorflow/tfjs-node-gpu@4.22.0 " +
      'npm:@tensorflow/tfjs-node-gpu@4.22.0` in the project\'s folder, with a network. Backend "wasm" needs nothing ' +
      "installed. (The Node.js native addon module (tfjs_binding.node) can not be found at path: " +
      "/project/lib/napi-v8/tfjs_binding.node. )",
  );
});

Deno.test("explainNodeError() says when the package itself is not there", () => {
  assert.match(
    explainNodeError("node", new TypeError('npm package "@tensorflow/tfjs-node" is not cached')),
    /^backend "node" cannot be used: the package could not be loaded\. Run .* npm:@tensorflow\/tfjs-node@4\.22\.0` .*not cached\)$/,
  );
});

Deno.test("isInstalled() finds what needs no installing", () => {
  assert.deepEqual([isInstalled("cpu"), isInstalled("wasm")], [true, true]);
});

Deno.test("node:util has what TensorFlow.js's Node packages call", () => {
  const functions = util as unknown as Record<string, (value: unknown) => boolean>;
  const holds: Record<string, unknown[]> = {
    isArray: [[]],
    isBoolean: [false],
    isFunction: [() => 1],
    isNull: [null],
    isNullOrUndefined: [null, undefined],
    isNumber: [0],
    isObject: [{}, []],
    isString: [""],
    isUndefined: [undefined],
  };
  const all = [[], false, () => 1, null, undefined, 0, {}, "", 1n];
  for (const [name, values] of Object.entries(holds)) {
    for (const value of values) assert.equal(functions[name](value), true, `${name}(${value})`);
    const kinds = values.map((value) => typeof value);
    for (const value of all.filter((value) => !kinds.includes(typeof value))) {
      assert.equal(functions[name](value), false, `${name}(${typeof value})`);
    }
  }
});
