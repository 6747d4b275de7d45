/**
 * Requests to the web UI.
 *
 * @module
 */
import { basename } from "node:path/posix";
import { bytesOfBase64, DeDiffusionError, type PluginHost, readFailure, readJson } from "dediffusion/plugin";
import type { z } from "zod";
import type { Options } from "./options.ts";
import {
	checkpointsAnswer,
	type DrawnAnswer,
	drawnAnswer,
	errorAnswer,
	optionsAnswer,
	progressAnswer,
	samplersAnswer,
	taskAnswer,
} from "./wire.ts";

/** How far the web UI is with a task, or with anything where it does not tell tasks apart. */
export interface TaskState {
	readonly isActive: boolean;
	/** Whether it stands behind others. */
	readonly isQueued: boolean;
	/** From 0 to 1. */
	readonly fraction: number;
	readonly message?: string | undefined;
	/** An image file. */
	readonly preview?: Uint8Array | undefined;
}

/** All of these throw `BACKEND_*` or `ABORTED`. */
export interface Service {
	draw(body: object, signal: AbortSignal): Promise<DrawnAnswer>;
	stateOf(task: string, withPreview: boolean, signal: AbortSignal): Promise<TaskState>;
	/** Stops a task if it is being drawn; one that waits cannot be taken back. */
	stop(task: string, signal: AbortSignal): Promise<void>;
	/** Whether somebody stopped what was drawn last: the web UI answers with half a picture then. */
	wasStopped(signal: AbortSignal): Promise<boolean>;
	options(signal: AbortSignal): Promise<z.output<typeof optionsAnswer>>;
	/** The title of a checkpoint that the web UI has; it would silently draw with another one otherwise. */
	titleOf(checkpoint: string, signal: AbortSignal): Promise<string>;
	/** Whether it would draw: it answers, and has the sampler. */
	check(sampler: string, signal: AbortSignal): Promise<void>;
}

export function openService({ url, authVariable }: Options, host: PluginHost): Service {
	const login = process.env[authVariable] || undefined;
	const fetch = host.connect({ url, secrets: [login, login?.slice(login.indexOf(":") + 1)] });
	const base = `${url.replace(/\/+$/, "")}/`;
	const headers = {
		"content-type": "application/json",
		...(login && { authorization: `Basic ${Buffer.from(login).toString("base64")}` }),
	};
	// Missing where the web UI runs without its pages, and in other servers.
	let tellsTasksApart = true;

	function send(path: string, signal: AbortSignal, body?: object): Promise<Response> {
		const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
		return fetch(new URL(path, base), { ...init, headers, signal });
	}

	async function ask<Answer>(
		path: string,
		schema: z.ZodType<Answer>,
		signal: AbortSignal,
		body?: object,
	): Promise<Answer> {
		const response = await send(path, signal, body);
		if (!response.ok) {
			throw await failureIn(response);
		}
		return readJson(response, schema);
	}

	async function stateOf(task: string, withPreview: boolean, signal: AbortSignal): Promise<TaskState> {
		if (tellsTasksApart) {
			const response = await send("internal/progress", signal, { id_task: task, live_preview: withPreview });
			if (response.ok) {
				const { active, queued, progress, textinfo, live_preview } = await readJson(response, taskAnswer);
				return { isActive: active, isQueued: queued, fraction: progress ?? 0, ...described(textinfo, live_preview) };
			}
			await response.body?.cancel();
			tellsTasksApart = false;
		}
		const path = `sdapi/v1/progress?skip_current_image=${!withPreview}`;
		const { progress, state, current_image } = await ask(path, progressAnswer, signal);
		const { job_count, sampling_step, sampling_steps } = state;
		const step = sampling_steps > 0 ? `step ${sampling_step} of ${sampling_steps}` : undefined;
		return { isActive: job_count !== 0, isQueued: false, fraction: progress, ...described(step, current_image) };
	}

	return {
		draw: (body, signal) => ask("sdapi/v1/txt2img", drawnAnswer, signal, body),
		stateOf,
		async stop(task, signal) {
			const { isActive } = await stateOf(task, false, signal);
			if (isActive) {
				const response = await send("sdapi/v1/interrupt", signal, {});
				await response.body?.cancel();
			}
		},
		async wasStopped(signal) {
			const { state } = await ask("sdapi/v1/progress?skip_current_image=true", progressAnswer, signal);
			return state.interrupted || state.skipped;
		},
		options: (signal) => ask("sdapi/v1/options", optionsAnswer, signal),
		async titleOf(checkpoint, signal) {
			const known = await ask("sdapi/v1/sd-models", checkpointsAnswer, signal);
			const found = known.find(({ title, model_name, hash, sha256, filename = "" }) =>
				[title, model_name, hash, sha256, basename(filename?.replaceAll("\\", "/") ?? "")].includes(checkpoint),
			);
			if (found === undefined) {
				throw missing(
					"checkpoint",
					checkpoint,
					known.map(({ title }) => title),
				);
			}
			return found.title;
		},
		async check(sampler, signal) {
			const known = await ask("sdapi/v1/samplers", samplersAnswer, signal);
			// Names may end with a schedule, e.g. `DPM++ 2M Karras`.
			if (!known.some(({ name, aliases }) => [name, ...aliases].some((start) => sampler.startsWith(start)))) {
				throw missing(
					"sampler",
					sampler,
					known.map(({ name }) => name),
				);
			}
		},
	};
}

function described(message: string | null | undefined, preview: string | null | undefined) {
	return { ...(message && { message }), ...(preview && { preview: bytesOfBase64(preview) }) };
}

function missing(kind: string, name: string, known: readonly string[]): DeDiffusionError {
	return new DeDiffusionError("BACKEND_INVALID_REQUEST", `The web UI has no ${kind} ${name}.`, {
		advice: `Choose one of ${known.join(", ")}.`,
	});
}

/** What a refusal means: the web UI answers with the name of a Python error and its text, or with a detail. */
async function failureIn(response: Response): Promise<DeDiffusionError> {
	const { failure, body } = await readFailure(response, errorAnswer, ({ error, detail, errors }) => {
		const kind = error === "HTTPException" ? undefined : error;
		const reason = typeof detail === "string" && detail !== "" ? detail : [kind, errors].filter(Boolean).join(": ");
		return reason || undefined;
	});
	if (response.status === 404 && body?.detail === "Not Found") {
		return new DeDiffusionError(failure.code, failure.message, { advice: "Start the web UI with --api." });
	}
	// The same picture would come out black again.
	return body?.error === "NansException"
		? new DeDiffusionError(failure.code, failure.message, { retryable: false })
		: failure;
}
