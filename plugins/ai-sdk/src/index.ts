/**
 * Image models of the Vercel AI SDK as decoders, and decoders as image models of the AI SDK.
 *
 * @module
 */
import { type Decoder, definePlugin, type Plugin } from "dediffusion/plugin";
import { createDecoder } from "./decoder.ts";
import { type ModelSource, type Options, options } from "./options.ts";

export { type DecoderMetadata, type DecoderModels, type ToAiSdkOptions, toAiSdk } from "./image-model.ts";
export type { AiSdkImageModel, ModelSource } from "./options.ts";

const aiSdk = definePlugin({
	name: "@dediffusion/ai-sdk",
	options,
	setup: async (settings, host) => [await createDecoder(settings, host)],
});

/**
 * A decoder over any image model of the AI SDK, of the specification versions v2, v3 and v4.
 *
 * @param model The model, or a function that makes it around the host's guarded `fetch`. A model that is given as it is
 * makes its requests itself: nothing then looks at the addresses that it is led to, nor at the size of its answers.
 * @example
 * plugins: [fromAiSdk(openai.image("gpt-image-2"))]
 * plugins: [fromAiSdk((fetch) => createOpenAI({ fetch }).image("gpt-image-2"))]
 * @throws DeDiffusionError `CONFIG_INVALID`, at once or, for a function, at the start.
 */
export function fromAiSdk(model: ModelSource, options: Omit<Options, "model"> = {}): Plugin<Decoder[]> {
	return aiSdk({ ...options, model });
}
