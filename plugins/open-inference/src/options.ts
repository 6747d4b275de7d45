/**
 * What a user may configure: the server, the model, and which of its tensors holds what.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const tensor = z.string().min(1);
const pixels = z.int().positive();

/** What every model has, whatever it does. */
const shared = {
	/** For people; default: the id. */
	name: z.string().min(1).optional(),
	/** All that comes before `/v2`, e.g. `http://10.0.0.7:8000`. */
	url: z.url({ protocol: /^https?$/ }),
	model: z.string().min(1),
	/** Default: the one that the server chooses. */
	version: z.string().min(1).optional(),
	/** Environment variable of an access token, sent as `Authorization: Bearer`. */
	tokenVariable: z.string().min(1).optional(),
	/** Values of further inputs, the same for every picture. */
	constants: z.record(tensor, z.union([z.string(), z.number(), z.boolean()])).default({}),
	/** Inputs that the model does without: the protocol does not tell which they are. */
	optionalInputs: z.array(tensor).default([]),
	/** How tensors cross the network. Default: in binary where the server says that it can. */
	tensors: z.enum(["json", "binary"]).optional(),
	/** Most pictures of one request. More than 1 where the first dimension of every tensor is free. */
	maxBatch: z.int().positive().default(1),
};

export const encoderOptions = z.strictObject({
	...shared,
	/** The encoder's id in the API. */
	id: id.default("open-inference-captions"),
	/** Names of the model's inputs. Each takes one value for each picture. */
	inputs: z.strictObject({ picture: tensor, seed: tensor.optional() }),
	/** Name of the output with the texts, as BYTES. */
	output: tensor,
	/** The kind of file that the model reads; in JSON it travels in base64. */
	mediaType: z.enum(["image/png", "image/jpeg", "image/webp"]).default("image/png"),
	/** Longest side in pixels of what is sent; a larger picture is made smaller. Default: as it is. */
	maxSide: pixels.optional(),
	/** Whether equal pictures with equal seeds have equal texts. */
	deterministic: z.boolean().default(true),
	/** Most words of a text; default: unknown. */
	maxTokens: z.int().positive().optional(),
});

export type EncoderOptions = z.output<typeof encoderOptions>;

export const options = z
	.strictObject({
		...shared,
		/** The decoder's id in the API. */
		id: id.default("open-inference"),
		/** Names of the model's inputs. Each takes one value for each picture. */
		inputs: z.strictObject({
			prompt: tensor,
			negativePrompt: tensor.optional(),
			seed: tensor.optional(),
			steps: tensor.optional(),
			guidanceScale: tensor.optional(),
			width: tensor.optional(),
			height: tensor.optional(),
			scheduler: tensor.optional(),
		}),
		/** Name of the output with the pictures: their pixels, or files as BYTES. */
		output: tensor,
		/** Order of a picture's pixels. Default: wherever the three channels are. */
		layout: z.enum(["hwc", "chw"]).optional(),
		/** What black and white are. Default: 0 and 255 for whole numbers, 0 and 1 for others. */
		range: z.tuple([z.number(), z.number()]).optional(),
		/** What is sent where a request is silent; `width` and `height` also where the model takes no size. */
		defaults: z
			.strictObject({
				negativePrompt: z.string().default(""),
				steps: z.int().min(1).max(1000).optional(),
				guidanceScale: z.number().min(0).max(50).optional(),
				width: pixels.default(512),
				height: pixels.default(512),
				scheduler: z.string().min(1).optional(),
			})
			.prefault({}),
		/** Names that the scheduler's input takes. */
		schedulers: z.array(z.string().min(1)).default([]),
		/** Sizes that the model draws where inputs take them, in pixels. */
		size: z
			.strictObject({ min: pixels.default(64), max: pixels.default(2048), multipleOf: pixels.default(8) })
			.prefault({}),
		/** Whether equal requests with equal seeds give equal pictures. Default: whether there is an input for the seed. */
		deterministic: z.boolean().optional(),
		/** Whether the model changes the text before it draws. */
		rewritesPrompt: z.boolean().default(false),
	})
	.superRefine(({ inputs, constants, defaults, schedulers, size }, context) => {
		const names = [...Object.values(inputs), ...Object.keys(constants)].filter((name) => name !== undefined);
		const twice = names.find((name, index) => names.indexOf(name) !== index);
		if (twice !== undefined) {
			context.addIssue({ code: "custom", path: ["inputs"], message: `${twice} is named for two things` });
		}
		for (const side of ["width", "height"] as const) {
			const { [side]: pixels } = defaults;
			const fits = pixels >= size.min && pixels <= size.max && pixels % size.multipleOf === 0;
			if (inputs[side] !== undefined && !fits) {
				const message = `not a multiple of ${size.multipleOf} from ${size.min} to ${size.max}, as size wants it`;
				context.addIssue({ code: "custom", path: ["defaults", side], message });
			}
		}
		for (const setting of ["steps", "guidanceScale", "scheduler"] as const) {
			if (inputs[setting] !== undefined && defaults[setting] === undefined) {
				const message = "needed because inputs names a tensor for it, which is sent with every request";
				context.addIssue({ code: "custom", path: ["defaults", setting], message });
			}
		}
		if (inputs.scheduler !== undefined && !schedulers.includes(defaults.scheduler ?? "")) {
			const message = "the scheduler's input takes none but these, and defaults.scheduler is not among them";
			context.addIssue({ code: "custom", path: ["schedulers"], message });
		}
	})
	.refine(({ range: [black, white] = [0, 1] }) => black !== white, {
		path: ["range"],
		error: "black and white are the same",
	});

export type Options = z.output<typeof options>;
/** What a request holds for the model. */
export type Setting = keyof Options["inputs"];
