/**
 * A model of the AI SDK as a decoder.
 *
 * @module
 */
import type { JSONValue } from "@ai-sdk/provider";
import {
	bytesOfBase64,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	type DecoderCapabilities,
	DeDiffusionError,
	type GenerateContext,
	type GuardedFetch,
	type PluginHost,
	type SettingName,
} from "dediffusion/plugin";
import { failureFrom, refusalIn } from "./failure.ts";
import { type AiSdkImageModel, isImageModel, type Settings } from "./options.ts";
import { shapeFor } from "./shape.ts";
import { fromAiSdkWarning } from "./warnings.ts";

/** Nothing is there: a model without an address of its own reaches what is public, and that alone. */
const nowhere = "https://dediffusion.invalid";

export async function createDecoder(settings: Settings, host: PluginHost): Promise<Decoder> {
	const model = openModel(settings, host);
	const id = settings.id ?? idOf(model);
	return {
		id,
		name: settings.name ?? id,
		lane: "network",
		capabilities: await capabilitiesOf(settings, model),
		async generate(requests, context) {
			const [first] = requests;
			return first === undefined ? [] : draw(model, settings, [first, ...requests.slice(1)], context);
		},
	};
}

function openModel({ model, url = nowhere, keyVariable }: Settings, host: PluginHost): AiSdkImageModel {
	const guarded = host.connect({ url, secrets: [keyVariable && process.env[keyVariable]] });
	const opened = typeof model === "function" ? model(asBuiltIn(guarded)) : model;
	if (!isImageModel(opened)) {
		throw new DeDiffusionError(
			"CONFIG_INVALID",
			"The function given to fromAiSdk makes no image model of the AI SDK.",
			{
				input: "model",
			},
		);
	}
	return opened;
}

/** The host's `fetch` with the arguments of the built-in one, which also takes a whole `Request`. */
function asBuiltIn(guarded: GuardedFetch): typeof globalThis.fetch {
	return async (target, init) => {
		if (!(target instanceof Request)) {
			return guarded(target, init);
		}
		const { url, method, headers, signal } = target;
		const body = target.body === null ? {} : { body: await target.arrayBuffer() };
		return guarded(url, { method, headers, signal, ...body, ...init });
	};
}

function idOf({ provider, modelId }: AiSdkImageModel): string {
	const [company = "", ...rest] = `${provider.split(".")[0]}/${modelId}`.toLowerCase().split("/");
	return [company, ...rest].map((part) => part.replace(/[^a-z0-9._-]+/g, "-")).join("/");
}

async function capabilitiesOf(settings: Settings, model: AiSdkImageModel): Promise<DecoderCapabilities> {
	const { fields, seed, shape, deterministic, rewritesPrompt, width, height } = settings;
	const { maxImagesPerCall: limit, modelId } = model;
	const takesSeed = seed || fields.seed !== undefined;
	const taken: SettingName[] = (["steps", "guidanceScale", "negativePrompt"] as const).filter((name) => fields[name]);
	return {
		settings: [
			...(takesSeed ? (["seed"] as const) : []),
			...taken,
			...(shape === "none" ? [] : (["width", "height"] as const)),
		],
		deterministic: deterministic ?? takesSeed,
		// A call has one seed: where seeds count, each picture is a call of its own.
		maxBatch: takesSeed
			? 1
			: (settings.maxImages ?? (typeof limit === "function" ? await limit({ modelId }) : limit) ?? 1),
		batches: "alike",
		schedulers: [],
		size: { min: 8, max: 4096, multipleOf: 1 },
		rewritesPrompt,
		defaults: { width, height },
	};
}

async function draw(
	model: AiSdkImageModel,
	settings: Settings,
	requests: readonly [DecodeRequest, ...DecodeRequest[]],
	{ signal }: GenerateContext,
): Promise<DecodeResult[]> {
	const [first] = requests;
	const shape = shapeFor(settings, first);
	let drawn: Drawn;
	try {
		signal.throwIfAborted();
		drawn = await model.doGenerate({
			prompt: first.prompt,
			n: requests.length,
			size: shape.size,
			aspectRatio: shape.aspectRatio,
			seed: settings.seed ? first.seed : undefined,
			providerOptions: providerOptionsFor(settings, first),
			abortSignal: signal,
			// Of versions 3 and 4.
			files: undefined,
			mask: undefined,
		});
	} catch (error) {
		const refusal = refusalIn(error);
		if (refusal === undefined) {
			throw await failureFrom(error, signal);
		}
		drawn = { images: [], warnings: [], refusal };
	}
	const warnings = [...shape.warnings, ...drawn.warnings.flatMap(fromAiSdkWarning)];
	return inOrder(drawn, requests).map(({ prompt, seed, image, reason }, index): DecodeResult => {
		const shared = { seed, effectivePrompt: revisedPromptIn(drawn, index) ?? prompt, warnings };
		return image === undefined
			? { ...shared, status: "filtered", reason }
			: { ...shared, status: "done", image: { kind: "encoded", bytes: image } };
	});
}

/** What is used of a model's result. */
interface Drawn
	extends Pick<Awaited<ReturnType<AiSdkImageModel["doGenerate"]>>, "images" | "warnings" | "providerMetadata"> {
	/** Why there is no picture, where the service said so. */
	readonly refusal?: string;
}

function providerOptionsFor(
	{ providerOptions, fields }: Settings,
	request: DecodeRequest,
): Settings["providerOptions"] {
	const merged = structuredClone(providerOptions);
	for (const setting of ["seed", "steps", "guidanceScale", "negativePrompt"] as const) {
		const [provider, option] = fields[setting]?.split(".") ?? [];
		const value = request[setting];
		if (provider !== undefined && option !== undefined && value !== undefined) {
			merged[provider] = { ...merged[provider], [option]: value };
		}
	}
	return merged;
}

/** What became of each request: models leave out the pictures that they filter. */
function inOrder({ images, refusal }: Drawn, requests: readonly DecodeRequest[]) {
	if (!Array.isArray(images) || images.length > requests.length) {
		const given = Array.isArray(images) ? images.length : "no list of";
		throw new DeDiffusionError(
			"BACKEND_PROTOCOL",
			`The model gave ${given} pictures where ${requests.length} were wanted.`,
		);
	}
	const reason =
		refusal ??
		`The model gave ${images.length} of ${requests.length} pictures and no reason; filtered ones are left out.`;
	return requests.map(({ prompt, seed }, index) => ({ prompt, seed, image: bytesOf(images[index]), reason }));
}

function bytesOf(image: string | Uint8Array | undefined): Uint8Array | undefined {
	return typeof image === "string" ? bytesOfBase64(image) : image;
}

/** The text as the service rewrote it, where providers put it. */
function revisedPromptIn({ providerMetadata = {} }: Drawn, index: number): string | undefined {
	return Object.values(providerMetadata)
		.map(({ images }) => (Array.isArray(images) ? (images[index] as JSONValue | undefined) : undefined))
		.map((about) => (about as { revisedPrompt?: unknown } | null | undefined)?.revisedPrompt)
		.find((text): text is string => typeof text === "string" && text !== "");
}
