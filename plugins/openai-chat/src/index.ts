/**
 * OpenAI's chat completions, and the many servers that speak them (llama.cpp, Ollama, vLLM, gateways), as language models
 * and, where a model sees, as captioners to compare with De-Diffusion.
 *
 * @module
 */
import { definePlugin, type Encoder, type LanguageModel } from "dediffusion/plugin";
import { createCaptioner } from "./captioner.ts";
import { createLanguageModel } from "./language-model.ts";
import { options } from "./options.ts";
import { openService } from "./service.ts";

/**
 * Language models and captioners over `/chat/completions`, with the key in `OPENAI_API_KEY`.
 *
 * @example
 * plugins: [openaiChat({ url: "http://127.0.0.1:11434/v1", languageModels: [{ id: "qwen", model: "qwen3:8b" }] })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory.
 */
export const openaiChat = definePlugin({
	name: "@dediffusion/openai-chat",
	options,
	setup(settings, host) {
		const service = openService(settings, host);
		const encoders: Encoder[] = settings.captioners.map((captioner) => createCaptioner(captioner, service));
		const languageModels: LanguageModel[] = settings.languageModels.map((model) => createLanguageModel(model, service));
		return { encoders, languageModels };
	},
});
