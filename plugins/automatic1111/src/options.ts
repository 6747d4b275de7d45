/**
 * What a user may configure.
 *
 * @module
 */
import { z } from "zod";

const id = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._/-]*$/, "an id is made of lower-case letters, digits, '-', '_', '.' and '/'");
const sampler = z.string().min(1);
const side = z.int().min(64).multipleOf(8);

/** Those that the web UI and Forge have under the same names, also in older releases. */
const commonSamplers = [
	"Euler",
	"Euler a",
	"DPM++ 2M",
	"DPM++ SDE",
	"DPM++ 2S a",
	"DPM2",
	"DPM2 a",
	"Heun",
	"LMS",
	"DDIM",
] as const;

export const options = z
	.strictObject({
		/** The decoder's id in the API. */
		id: id.default("automatic1111"),
		/** For people; default: the id. */
		name: z.string().min(1).optional(),
		/** Where the web UI is; it must have been started with `--api`. */
		url: z.url({ protocol: /^https?$/ }).default("http://127.0.0.1:7860"),
		/** Environment variable that holds `user:password`, as `--api-auth` has them. Nothing is sent where it is empty. */
		authVariable: z.string().min(1).default("SD_WEBUI_AUTH"),
		/** Title, name, file or hash of the checkpoint. Default: the one that the web UI has loaded. */
		checkpoint: z.string().min(1).optional(),
		/** Names of samplers that a request may ask for; the first is used where it does not. */
		samplers: z.tuple([sampler], sampler).default([...commonSamplers]),
		/** Where a request is silent. */
		steps: z.int().min(1).max(150).default(20),
		/** Where a request is silent. */
		guidanceScale: z.number().min(0).max(50).default(7),
		/** Where a request is silent, in pixels. */
		width: side.default(512),
		/** Where a request is silent, in pixels. */
		height: side.default(512),
		/** Largest side, in pixels. */
		maxSize: side.default(2048),
		/** Most pictures that the graphics card draws at once; only those with seeds that follow each other can be. */
		maxImages: z.int().min(1).max(32).default(1),
		/** Whether equal requests give equal pictures; some optimisations of attention, e.g. xformers, prevent it. */
		deterministic: z.boolean().default(true),
		/** `raw` lets weights, `[a|b]`, `AND`, `BREAK`, `<lora:…>` and comments in texts work; `escape` takes them for words. */
		promptSyntax: z.enum(["escape", "raw"]).default("escape"),
		/** Whether pictures are shown while they are drawn. */
		previews: z.boolean().default(true),
		/** How often the web UI is asked how far it is, in milliseconds. */
		pollMs: z.int().positive().default(500),
		/** Settings of the web UI for the time of a request, e.g. `{ CLIP_stop_at_last_layers: 2 }`. */
		overrideSettings: z.record(z.string(), z.json()).default({}),
		/** Sent as they are beside all others, e.g. `{ scheduler: "Karras", enable_hr: true }`. */
		parameters: z.record(z.string(), z.json()).default({}),
	})
	.refine(({ width, height, maxSize }) => width <= maxSize && height <= maxSize, {
		path: ["maxSize"],
		error: "the default size is larger",
	});

export type Options = z.output<typeof options>;
