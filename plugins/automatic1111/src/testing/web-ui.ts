/**
 * A web UI for tests: speaks the API, draws one task after another, and in colours instead of shapes.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import { type Asked, pictureOf, startService, type TestService } from "dediffusion/plugin/testing";
import { readPrompt } from "./reading.ts";

export interface WebUiOptions {
	/** `user:password`, as `--api-auth` has it. */
	readonly login?: string;
	/** Its settings, as `/sdapi/v1/options` has them. */
	readonly settings?: Readonly<Record<string, unknown>>;
	/** How often a task wants to be asked how far it is before it is done; each time is a step. Default 0. */
	readonly steps?: number;
	/** Whether it has its pages, and with them `/internal/progress`. Default true. */
	readonly hasPages?: boolean;
	/** Puts a contact sheet before the pictures, and a map behind them. */
	readonly hasExtras?: boolean;
	/** Changes what it answers to txt2img. */
	readonly edit?: (answer: WebUiAnswer) => object;
}

export interface WebUiAnswer {
	readonly images: string[];
	readonly info: Record<string, unknown>;
}

interface Task {
	readonly id: string;
	readonly body: Asked["body"];
	step: number;
	isStopped: boolean;
	/** Resolves the wait for the next step. */
	next: () => void;
}

const checkpoints = [
	{
		title: "dreams.safetensors [6ce0161689]",
		model_name: "dreams",
		hash: "6ce0161689",
		filename: "C:\\sd\\dreams.safetensors",
	},
	{ title: "paint/oil.ckpt [cc6cb27103]", model_name: "paint_oil", hash: "cc6cb27103", filename: "/sd/paint/oil.ckpt" },
];
const samplers = ["DPM++ 2M", "Euler a", "Euler", "DDIM"];

export interface WebUi extends TestService {
	/** Resolved when the first task has begun. */
	readonly begun: Promise<void>;
	/** Resolved when another has come to wait behind it. */
	readonly queued: Promise<void>;
	/** As its button does: stops what is being drawn. */
	interrupt(): void;
}

export async function startWebUi(options: WebUiOptions = {}): Promise<WebUi> {
	const { login, settings = { enable_prompt_comments: true }, steps = 0, hasPages = true } = options;
	const waiting: Task[] = [];
	const begun = Promise.withResolvers<void>();
	const queued = Promise.withResolvers<void>();
	let current: Task | undefined;
	let wasStopped = false;
	let turn: Promise<unknown> = Promise.resolve();

	async function draw(task: Task): Promise<object> {
		waiting.splice(waiting.indexOf(task), 1);
		current = task;
		wasStopped = false;
		begun.resolve();
		while (task.step < steps && !task.isStopped) {
			const { promise, resolve } = Promise.withResolvers<void>();
			task.next = resolve;
			await promise;
		}
		wasStopped = task.isStopped;
		current = undefined;
		const answer = await answerTo(task, settings, options.hasExtras === true);
		const { edit = ({ images, info }) => ({ images, info: JSON.stringify(info) }) } = options;
		return edit(answer);
	}

	function interrupt() {
		if (current !== undefined) {
			current.isStopped = true;
			current.next();
		}
	}

	async function answer({ method, path, headers, body }: Asked, response: ServerResponse) {
		const refuse = (status: number, detail: string) => {
			const error = { error: "HTTPException", detail, body: "", errors: "" };
			response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(error));
			return undefined;
		};
		if (login !== undefined && headers.authorization !== `Basic ${Buffer.from(login).toString("base64")}`) {
			return refuse(401, "Incorrect username or password");
		}
		switch (`${method} ${path.replace(/\?.*/, "")}`) {
			case "POST /sdapi/v1/txt2img": {
				const task: Task = { id: body.force_task_id, body, step: 0, isStopped: false, next: () => undefined };
				waiting.push(task);
				if (current !== undefined) queued.resolve();
				const drawn = turn.then(() => draw(task));
				turn = drawn;
				return drawn;
			}
			case "POST /sdapi/v1/interrupt":
				interrupt();
				return {};
			case "POST /internal/progress": {
				if (!hasPages) return refuse(404, "Not Found");
				const active = current !== undefined && current.id === body.id_task;
				const isQueued = waiting.some(({ id }) => id === body.id_task);
				return {
					active,
					queued: isQueued,
					completed: false,
					...(await stepOf(active ? current : undefined, body.live_preview)),
				};
			}
			case "GET /sdapi/v1/progress": {
				const now = current;
				const isAsked = path.endsWith("false") || !hasPages;
				const { progress = 0, live_preview } = await stepOf(isAsked ? now : undefined, path.endsWith("false"));
				const state = { interrupted: wasStopped, skipped: false, job_count: now === undefined ? 0 : 1 };
				const counted = { ...state, sampling_step: now?.step ?? 0, sampling_steps: steps };
				return { progress, eta_relative: 0, state: counted, current_image: live_preview?.replace(/^.*,/, "") ?? null };
			}
			case "GET /sdapi/v1/options":
				return settings;
			case "GET /sdapi/v1/sd-models":
				return checkpoints;
			case "GET /sdapi/v1/samplers":
				return samplers.map((name) => ({ name, aliases: [], options: {} }));
			default:
				return refuse(404, "Not Found");
		}
	}

	/** Whoever asks how far a task is lets it go one step on. */
	async function stepOf(task: Task | undefined, withPreview: boolean) {
		if (task === undefined) {
			return { textinfo: "In queue: 1/1", live_preview: null };
		}
		task.step++;
		task.next();
		const preview = withPreview ? await pictureOf(8, 8, task.step) : undefined;
		return {
			progress: Math.min(task.step / (steps + 1), 1),
			textinfo: null,
			live_preview: preview === undefined ? null : `data:image/png;base64,${preview.toString("base64")}`,
		};
	}

	const service = await startService(answer);
	return { ...service, begun: begun.promise, queued: queued.promise, interrupt };
}

/** What was asked for decides the colour; texts that the model sees alike give one colour. */
async function answerTo({ body, isStopped }: Task, settings: object, hasExtras: boolean): Promise<WebUiAnswer> {
	const { seed, batch_size: count, width, height, sampler_name, override_settings = {} } = body;
	const { enable_prompt_comments: hidesComments = false, sd_model_checkpoint } = { ...settings, ...override_settings };
	const seen = [body.prompt, body.negative_prompt].map((prompt) => readPrompt(prompt, { hidesComments }));
	const sampler = samplers.find((name) => sampler_name.startsWith(name)) ?? samplers[0];
	const drawn = Array.from({ length: count }, (_, index) =>
		pictureOf(width, height, seen, seed + index, body.steps, body.cfg_scale, sampler, sd_model_checkpoint, isStopped),
	);
	const images = (await Promise.all(drawn)).map((file) => file.toString("base64"));
	const extra = (await pictureOf(8, 8)).toString("base64");
	return {
		images: hasExtras ? [extra, ...images, extra] : images,
		info: {
			all_seeds: images.map((_, index) => seed + index),
			all_prompts: images.map(() => body.prompt),
			sampler_name: sampler,
			index_of_first_image: hasExtras ? 1 : 0,
		},
	};
}
