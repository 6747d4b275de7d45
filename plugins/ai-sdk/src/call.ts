/**
 * A call of the AI SDK as requests to a decoder. Here the host's checks are made that a decoder relies on.
 *
 * @module
 */
import { type ImageModelV4CallOptions, InvalidArgumentError, type SharedV3Warning } from "@ai-sdk/provider";
import type { DecodeRequest, Decoder, DecoderCapabilities } from "dediffusion/plugin";
import { z } from "zod";

/** What the AI SDK asks for. */
export type Asked = Omit<ImageModelV4CallOptions, "abortSignal">;

const ownOptions = z.strictObject({
	steps: z.int().min(1).max(1000).optional(),
	guidanceScale: z.number().min(0).max(50).optional(),
	negativePrompt: z.string().max(4000).optional(),
	scheduler: z.string().optional(),
});

/** Seeds are below it. */
const seeds = 2 ** 32;

/**
 * One request for each picture, and warnings of what the decoder does not take.
 *
 * @throws InvalidArgumentError For values that no decoder, or not this one, draws.
 */
export function requestsFor(
	{ capabilities }: Decoder,
	call: Asked,
): { requests: readonly DecodeRequest[]; warnings: readonly SharedV3Warning[] } {
	const { prompt, n, seed } = call;
	if (!prompt?.trim()) {
		throw invalid("prompt", "The prompt is empty.");
	}
	if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < seeds)) {
		throw invalid("seed", `The seed ${seed} is no whole number from 0 to ${seeds - 1}.`);
	}
	const own = ownOptions.safeParse(call.providerOptions.dediffusion ?? {});
	if (!own.success) {
		const { path = [], message } = own.error.issues[0] ?? {};
		throw invalid(["providerOptions.dediffusion", ...path].join("."), message ?? "Not of the form that it must have.");
	}
	const given = Object.entries({ ...own.data, ...sizeFor(call, capabilities) }).filter(
		([, value]) => value !== undefined,
	);
	const takes = (name: string) => capabilities.settings.some((setting) => setting === name);
	const settings = Object.fromEntries(given.filter(([name]) => takes(name)));
	checkFor(capabilities, settings);
	// A request has a seed even where it counts for nothing: results are told apart by it.
	const first = seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number);
	const ignored = [
		...given.map(([name]) => name).filter((name) => !takes(name)),
		...(seed !== undefined && !takes("seed") ? ["seed"] : []),
		...(call.files?.length ? ["files"] : []),
		...(call.mask ? ["mask"] : []),
	].map((name) => (name === "width" || name === "height" ? "size" : name));
	return {
		requests: Array.from({ length: n }, (_, index) => ({ prompt, seed: (first + index) % seeds, ...settings })),
		warnings: [...new Set(ignored)].map((feature) => ({
			type: "unsupported",
			feature,
			details: `The decoder does not take ${feature}; it was ignored.`,
		})),
	};
}

function sizeFor({ size, aspectRatio }: Asked, capabilities: DecoderCapabilities): { width?: number; height?: number } {
	if (size !== undefined) {
		const [width = Number.NaN, height = Number.NaN] = size.split("x").map(Number);
		return { width, height };
	}
	return aspectRatio === undefined ? {} : fitted(aspectRatio, capabilities);
}

/** About as many pixels as the decoder draws by default, in another shape. */
function fitted(aspectRatio: string, { size, defaults }: DecoderCapabilities): { width: number; height: number } {
	const [across = Number.NaN, down = Number.NaN] = aspectRatio.split(":").map(Number);
	if (!(across > 0 && down > 0)) {
		throw invalid("aspectRatio", `${aspectRatio} is no ratio such as 4:3.`);
	}
	const area = defaults.width * defaults.height;
	const fit = (pixels: number) => {
		const whole = Math.round(pixels / size.multipleOf) * size.multipleOf;
		return Math.min(Math.max(whole, size.min), size.max);
	};
	return { width: fit(Math.sqrt((area * across) / down)), height: fit(Math.sqrt((area * down) / across)) };
}

function checkFor({ size, schedulers }: DecoderCapabilities, settings: Partial<DecodeRequest>): void {
	const { min, max, multipleOf } = size;
	for (const side of ["width", "height"] as const) {
		const pixels = settings[side];
		if (pixels !== undefined && !(pixels >= min && pixels <= max && pixels % multipleOf === 0)) {
			throw invalid("size", `A ${side} of ${pixels} is no multiple of ${multipleOf} from ${min} to ${max}.`);
		}
	}
	if (settings.scheduler !== undefined && !schedulers.includes(settings.scheduler)) {
		throw invalid(
			"providerOptions.dediffusion.scheduler",
			`There is no such scheduler; there are ${schedulers.join(", ")}.`,
		);
	}
}

function invalid(parameter: string, message: string): InvalidArgumentError {
	return new InvalidArgumentError({ argument: parameter, message: `${parameter}: ${message}` });
}
