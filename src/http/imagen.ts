/**
 * Google's Imagen wire protocol over the decoders, so that its clients can draw here.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Decoding } from "../core/decoding/decoders.ts";
import type { Engine } from "../core/engine.ts";
import { inFormat, type PictureFormat } from "../core/picture/convert.ts";
import { type Decoder, type DecoderCapabilities, DeDiffusionError } from "../plugins/index.ts";
import { given } from "../resolvers/settings.ts";
import { abandoned } from "./abandoned.ts";
import { bodyAs, drawSeveral } from "./draw.ts";
import { answerErrorsAs } from "./errors.ts";

/** Under which prefixes clients expect models: those of the Gemini API, and those of Vertex AI with and without a project. */
const prefixes = ["v1", "v1beta", "v1beta1"].flatMap((version) => [
	`/${version}/models`,
	`/${version}/publishers/google/models`,
	`/${version}/projects/:project/locations/:location/publishers/google/models`,
]);

const request = z.object({
	instances: z.array(z.object({ prompt: z.string() })).length(1, "Give exactly one instance"),
	parameters: z
		.object({
			sampleCount: z.int().min(1).max(4).default(1),
			seed: z.number().optional(),
			negativePrompt: z.string().optional(),
			guidanceScale: z.number().optional(),
			aspectRatio: z
				.string()
				.regex(/^[1-9]\d?:[1-9]\d?$/, "Give a ratio such as 4:3")
				.optional(),
			outputOptions: z
				.object({
					mimeType: z.enum(["image/png", "image/jpeg", "image/webp"]).optional(),
					compressionQuality: z.number().min(0).max(100).optional(),
				})
				.optional(),
			// What Google's API does not take.
			steps: z.number().optional(),
			scheduler: z.string().optional(),
			width: z.number().optional(),
			height: z.number().optional(),
		})
		.default({ sampleCount: 1 }),
});

type Parameters = z.output<typeof request>["parameters"];

/** The words that Google's clients know for a status. */
const googleStatus: Readonly<Record<number, string>> = {
	400: "INVALID_ARGUMENT",
	401: "UNAUTHENTICATED",
	403: "PERMISSION_DENIED",
	404: "NOT_FOUND",
	422: "INVALID_ARGUMENT",
	499: "CANCELLED",
	503: "UNAVAILABLE",
	504: "DEADLINE_EXCEEDED",
};

const googleErrors = answerErrorsAs(({ code, message, advice, input }, status) => ({
	error: {
		code: status,
		message: `${message} ${advice}`,
		status: googleStatus[status] ?? "INTERNAL",
		details: [
			{
				"@type": "type.googleapis.com/google.rpc.ErrorInfo",
				reason: code,
				domain: "dediffusion",
				metadata: input === undefined ? {} : { input },
			},
		],
	},
}));

/** `POST /v1/models/<decoder>:predict`, and the same under the other prefixes. */
export async function imagenRoutes(app: FastifyInstance, engine: Engine): Promise<void> {
	app.setErrorHandler(googleErrors);
	for (const prefix of prefixes) {
		app.post<{ Params: { "*": string } }>(`${prefix}/*`, { config: { googleKey: true } }, async (http, reply) => {
			const id = /^(.+):predict$/.exec(http.params["*"])?.[1];
			if (id === undefined) {
				throw new DeDiffusionError("ROUTE_NOT_FOUND", `There is nothing at POST ${http.url}.`, {
					advice: "Of the methods of a model, this server has predict.",
				});
			}
			const decoder = engine.decoders.get(id, "model");
			const { instances, parameters } = bodyAs(request, http.body);
			const prompt = instances[0]?.prompt ?? "";
			const options = { count: parameters.sampleCount, signal: abandoned(reply) };
			const decodings = await drawSeveral(engine, id, prompt, settingsOf(parameters, decoder), options);
			const predictions = await Promise.all(decodings.map((decoding) => predictionOf(decoding, prompt, parameters)));
			return { predictions };
		});
	}
}

function settingsOf({ aspectRatio, width, height, ...parameters }: Parameters, { capabilities }: Decoder) {
	const { seed, negativePrompt, guidanceScale, steps, scheduler } = parameters;
	const isRatioAlone = aspectRatio !== undefined && width === undefined && height === undefined;
	const size = isRatioAlone ? sizeOf(aspectRatio, capabilities) : { width, height };
	return given({ seed, negativePrompt, guidanceScale, steps, scheduler, ...size });
}

/** About as many pixels as the decoder draws by default, in another shape; nothing where that is its shape already. */
function sizeOf(ratio: string, { size, defaults }: DecoderCapabilities): { width?: number; height?: number } {
	const [across = 1, down = 1] = ratio.split(":").map(Number);
	if (defaults.width * down === defaults.height * across) {
		return {};
	}
	const area = defaults.width * defaults.height;
	const fitted = (pixels: number) => {
		const whole = Math.round(pixels / size.multipleOf) * size.multipleOf;
		return Math.min(Math.max(whole, size.min), size.max);
	};
	return { width: fitted(Math.sqrt((area * across) / down)), height: fitted(Math.sqrt((area * down) / across)) };
}

async function predictionOf(
	{ picture, effectivePrompt, seed, warnings, filteredReason }: Decoding,
	prompt: string,
	{ outputOptions = {} }: Parameters,
): Promise<object> {
	const about = { seed, ...(warnings.length > 0 && { warnings }) };
	if (picture === undefined) {
		return { ...about, raiFilteredReason: filteredReason };
	}
	const { mimeType = "image/png", compressionQuality } = outputOptions;
	const bytes = await inFormat(picture, mimeType.replace("image/", "") as PictureFormat, compressionQuality);
	return {
		...about,
		mimeType,
		bytesBase64Encoded: Buffer.from(bytes).toString("base64"),
		...(effectivePrompt !== prompt && { prompt: effectivePrompt }),
	};
}
