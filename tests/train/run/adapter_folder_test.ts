import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../../lib/adapters/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { chatMlTemplate, Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { ADAPTER_FOLDER_FILES, saveAdapterFolder } from "../../../lib/train/mod.ts";
import { llamaTokenizer } from "../../support/llama_folder.ts";
import { inFolder, withTinyModel } from "../../support/tiny_model.ts";

Deno.test("saveAdapterFolder() writes the six files, also those that the tokenizer's folder lacked", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const own = await llamaTokenizer();
      await assert.rejects(
        saveAdapterFolder(folder, { model, adapter, tokenizer: own, baseModel: "a/b" }),
        /the tokenizer has no chat template: give it the one of the training/,
      );
      const tokenizer = own.withChatTemplate(chatMlTemplate);
      const saved = await saveAdapterFolder(`${folder}/out`, { model, adapter, tokenizer, baseModel: "a/b" });
      assert.deepEqual(saved.map(({ file }) => file), [...ADAPTER_FOLDER_FILES]);
      for (const { file, bytes } of saved) assert.equal((await Deno.stat(`${folder}/out/${file}`)).size, bytes);

      const reloaded = await Tokenizer.load(`${folder}/out`);
      assert.equal(reloaded.chatTemplate, chatMlTemplate);
      assert.equal(reloaded.eosTokenId, own.eosTokenId);
      assert.deepEqual(JSON.parse(await Deno.readTextFile(`${folder}/out/special_tokens_map.json`)), {
        bos_token: "<|begin_of_text|>",
        eos_token: "<|end_of_text|>",
        pad_token: "<|end_of_text|>",
      });
      // What the tokenizer came with is kept as it was.
      const settings = JSON.parse(await Deno.readTextFile(`${folder}/out/tokenizer_config.json`));
      assert.equal(settings.model_max_length, 32768);
      const { factors } = await loadAdapter(model, `${folder}/out`);
      assert.deepEqual([...factors.keys()], [...adapter.factors.keys()]);
    })
  ));
