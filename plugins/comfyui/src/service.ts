/**
 * Requests to ComfyUI.
 *
 * @module
 */
import {
	DeDiffusionError,
	failureOf,
	type PluginHost,
	readFailure,
	readJson,
	readPictureFile,
	type ServiceSocket,
} from "dediffusion/plugin";
import type { z } from "zod";
import type { Options } from "./options.ts";
import { historyAnswer, type PictureFile, queueAnswer, queuedAnswer, type Run, refusedAnswer } from "./wire.ts";
import type { Nodes, Workflow } from "./workflow.ts";

/** All of these throw `BACKEND_*` or `ABORTED`. */
export interface Service {
	/** Opens the WebSocket over which a client hears of its runs. */
	listen(client: string, signal: AbortSignal): Promise<ServiceSocket>;
	/** Puts a run at the end of the queue; gives its id. */
	queue(nodes: Nodes, client: string, signal: AbortSignal): Promise<string>;
	/** What became of a run; undefined as long as it is not finished. */
	runOf(id: string, signal: AbortSignal): Promise<Run | undefined>;
	file(picture: PictureFile, signal: AbortSignal): Promise<Uint8Array>;
	/** Takes a client's runs out of the queue and stops the one that is at work. */
	stop(client: string, signal: AbortSignal): Promise<void>;
	/** Whether it answers, and has the workflow's kinds of nodes. */
	check(signal: AbortSignal): Promise<void>;
}

export function openService(
	{ url, authorizationVariable }: Options,
	workflow: Workflow,
	{ connect, connectSocket }: PluginHost,
): Service {
	const authorization = process.env[authorizationVariable] || undefined;
	const way = { url, secrets: [authorization, authorization?.replace(/^\w+ +/, "")] };
	const fetch = connect(way);
	const openSocket = connectSocket(way);
	const base = `${url.replace(/\/+$/, "")}/`;
	const headers = { ...(authorization && { authorization }) };

	function send(path: string, signal: AbortSignal, body?: object): Promise<Response> {
		return body === undefined
			? fetch(new URL(path, base), { headers, signal })
			: fetch(new URL(path, base), {
					method: "POST",
					headers: { ...headers, "content-type": "application/json" },
					body: JSON.stringify(body),
					signal,
				});
	}

	async function ask<Answer>(path: string, schema: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer> {
		return readJson(await send(path, signal), schema);
	}

	/** For requests whose answer says nothing. */
	async function tell(path: string, body: object, signal: AbortSignal): Promise<void> {
		const response = await send(path, signal, body);
		await response.body?.cancel();
	}

	return {
		listen: (client, signal) => openSocket(new URL(`ws?clientId=${client}`, base), { headers, signal }),
		async queue(nodes, client, signal) {
			const response = await send("prompt", signal, { prompt: nodes, client_id: client });
			if (response.status === 400) {
				throw await refusalIn(response, workflow);
			}
			return (await readJson(response, queuedAnswer)).prompt_id;
		},
		async runOf(id, signal) {
			const runs = await ask(`history/${encodeURIComponent(id)}`, historyAnswer, signal);
			return runs[id];
		},
		async file(picture, signal) {
			return readPictureFile(await send(`view?${new URLSearchParams(picture)}`, signal));
		},
		async stop(client, signal) {
			const { queue_running, queue_pending } = await ask("queue", queueAnswer, signal);
			const idsIn = (queue: z.output<typeof queueAnswer>["queue_running"]) =>
				queue.filter(([, , , { client_id }]) => client_id === client).map(([, id]) => id);
			const pending = idsIn(queue_pending);
			if (pending.length > 0) {
				await tell("queue", { delete: pending }, signal);
			}
			// Older servers do not look at the id and stop whatever is at work: so it is sent for our own alone.
			for (const id of idsIn(queue_running)) {
				await tell("interrupt", { prompt_id: id }, signal);
			}
		},
		async check(signal) {
			const kinds = new Set(Object.values(workflow.nodes).map(({ class_type }) => class_type));
			for (const kind of kinds) {
				const response = await send(`object_info/${encodeURIComponent(kind)}`, signal);
				if (!response.ok) {
					throw await failureOf(response);
				}
				if (!(kind in ((await response.json()) as object))) {
					throw new DeDiffusionError("BACKEND_INVALID_REQUEST", `ComfyUI has no nodes of the kind ${kind}.`, {
						advice: "Install the custom nodes that the workflow uses.",
					});
				}
			}
		},
	};
}

/** Why ComfyUI does not take a workflow, with the names of the nodes at fault. */
async function refusalIn(response: Response, workflow: Workflow): Promise<DeDiffusionError> {
	const { failure } = await readFailure(response, refusedAnswer, ({ error, node_errors }) => {
		const ofNodes = Object.entries(node_errors).flatMap(([node, { errors }]) =>
			errors.map(({ message, details }) => `${workflow.nameOf(node)}: ${withDetails(message, details)}`),
		);
		const ofAll = typeof error === "object" ? withDetails(error.message, error.details) : error;
		return ofNodes.length > 0 ? ofNodes.join("; ") : ofAll;
	});
	return failure;
}

function withDetails(message: string, details: string): string {
	return details === "" ? message : `${message}: ${details}`;
}
