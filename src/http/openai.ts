/**
 * OpenAI's Images API over the decoders, so that its clients can draw here.
 *
 * @module
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Decoding } from "../core/decoding/decoders.ts";
import type { Engine } from "../core/engine.ts";
import { inFormat } from "../core/picture/convert.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { given } from "../resolvers/settings.ts";
import { abandoned } from "./abandoned.ts";
import { bodyAs, drawSeveral } from "./draw.ts";
import { answerErrorsAs } from "./errors.ts";
import { pictureUrl } from "./pictures.ts";

const request = z.object({
	prompt: z.string(),
	/** A decoder's id; default: the first one. */
	model: z.string().nullish(),
	n: z.int().min(1).max(10).nullish(),
	size: z
		.string()
		.regex(/^(auto|\d{1,5}x\d{1,5})$/, "Give a size such as 512x512, or auto")
		.nullish(),
	response_format: z.enum(["url", "b64_json"]).nullish(),
	output_format: z.enum(["png", "jpeg", "webp"]).nullish(),
	output_compression: z.number().min(0).max(100).nullish(),
	stream: z.literal(false, "Streams are not supported").nullish(),
	// What OpenAI's own API does not take, under the names that other servers use.
	seed: z.number().optional(),
	steps: z.number().optional(),
	guidance_scale: z.number().optional(),
	negative_prompt: z.string().optional(),
	scheduler: z.string().optional(),
});

type ImagesRequest = z.output<typeof request>;

/** Errors as OpenAI's clients read them. */
export const openaiErrors = answerErrorsAs((error, status) => ({
	error: {
		message: `${error.message} ${error.advice}`,
		type: status < 500 ? "invalid_request_error" : "server_error",
		param: error.input ?? null,
		code: error.code === "CONTENT_FILTERED" ? "content_policy_violation" : error.code,
	},
}));

/** `POST /v1/images/generations`. */
export async function openaiRoutes(app: FastifyInstance, engine: Engine): Promise<void> {
	app.setErrorHandler(openaiErrors);
	app.post("/v1/images/generations", async (http, reply) => {
		const body = bodyAs(request, http.body);
		const decoder = engine.decoders.get(body.model ?? engine.decoders.list()[0]?.id ?? "", "model").id;
		const options = { count: body.n ?? 1, signal: abandoned(reply) };
		const decodings = await drawSeveral(engine, decoder, body.prompt, settingsOf(body), options);
		const drawn = decodings.filter(({ picture }) => picture !== undefined);
		if (drawn.length === 0) {
			throw new DeDiffusionError("CONTENT_FILTERED", decodings[0]?.filteredReason ?? "Every picture was filtered.");
		}
		const data = await Promise.all(drawn.map((decoding) => dataOf(decoding, body, engine, http)));
		return { created: Math.floor(Date.now() / 1000), data };
	});
}

function settingsOf(body: ImagesRequest) {
	const [width, height] = /^\d/.test(body.size ?? "") ? (body.size ?? "").split("x").map(Number) : [];
	const { seed, steps, scheduler, guidance_scale: guidanceScale, negative_prompt: negativePrompt } = body;
	return given({ seed, steps, scheduler, guidanceScale, negativePrompt, width, height });
}

async function dataOf(
	{ picture, effectivePrompt, seed, warnings }: Decoding,
	{ prompt, response_format, output_format, output_compression }: ImagesRequest,
	engine: Engine,
	http: FastifyRequest,
): Promise<object> {
	if (picture === undefined) {
		return {};
	}
	const about = {
		seed,
		...(effectivePrompt !== prompt && { revised_prompt: effectivePrompt }),
		...(warnings.length > 0 && { warnings }),
	};
	const format = output_format ?? "png";
	const bytes = await inFormat(picture, format, output_compression ?? undefined);
	if (response_format === "url") {
		const { id } = await engine.pictures.add(bytes);
		return { ...about, url: `${http.protocol}://${http.host}${pictureUrl(id)}` };
	}
	return { ...about, b64_json: Buffer.from(bytes).toString("base64") };
}
