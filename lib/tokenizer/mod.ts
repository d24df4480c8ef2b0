/**
 * Text to token ids and back, chat templates, and the training of tokenizers.
 *
 * @module
 */
export { addedPieces, addTokens, type NewToken, tokenIds } from "./add_tokens.ts";
export {
  type ChatMessage,
  ChatTemplateError,
  type ChatTemplateOptions,
  type ToolCall,
  type ToolDefinition,
} from "./chat_template.ts";
export { chatMlTemplate, chatMlTokens } from "./chatml.ts";
export { completeTokenizerFiles } from "./complete_files.ts";
export {
  readTokenizerFiles,
  TokenizerError,
  type TokenizerFileName,
  tokenizerFileNames,
  type TokenizerFiles,
} from "./files.ts";
export { plainText } from "./plain_text.ts";
export { renderChat, type RenderedChat } from "./render_chat.ts";
export { StreamDecoder } from "./stream_decoder.ts";
export { type DecodeOptions, type EncodeOptions, Tokenizer } from "./tokenizer.ts";
export { tokenizerFiles, type TokenizerFilesOptions } from "./tokenizer_files.ts";
export { type AddedToken, qwenSplitPattern, trainBpe, type TrainBpeOptions, type TrainedBpe } from "./train_bpe.ts";
export { withoutTokens } from "./without_tokens.ts";
