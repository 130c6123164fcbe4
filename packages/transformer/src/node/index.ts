/** @dl/transformer/node: models on disk. This file is the table of contents. */

export { loadAdapter, saveAdapter } from "./adapter-folder.ts";
export { type LoadChatTemplateOptions, loadChatTemplate } from "./chat-template-file.ts";
export { type LoadOptions, loadFolder, readConfig, type SaveOptions, saveFolder } from "./folder.ts";
export { generationDefaults, generationSettings } from "./generation-file.ts";
export { loadTokenizer } from "./tokenizer-file.ts";
