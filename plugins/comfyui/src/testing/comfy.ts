/**
 * A ComfyUI for tests: takes workflows over its API, runs them one after another with a cache of nodes, tells over the
 * WebSocket how far it is, and draws in colours instead of shapes.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { type Asked, pictureOf, startService, type TestService } from "dediffusion/plugin/testing";
import { type WebSocket, WebSocketServer } from "ws";
import { readText } from "./reading.ts";

interface Node {
	readonly class_type: string;
	readonly inputs: Readonly<Record<string, unknown>>;
}

type Nodes = Readonly<Record<string, Node>>;

interface Run {
	readonly id: string;
	readonly client: string;
	readonly nodes: Nodes;
	isInterrupted: boolean;
	/** Wakes a run that holds. */
	wake: () => void;
}

interface Saved {
	readonly filename: string;
	readonly subfolder: string;
	readonly type: string;
}

export interface ComfyOptions {
	/** The header `Authorization` of a proxy before it. */
	readonly authorization?: string;
	/** In how many runs the sampler stops in the middle until it is interrupted. Default: none. */
	readonly holds?: number;
	/** An error of the node of this id. */
	readonly failing?: { readonly node: string; readonly type: string; readonly message: string };
	/** Says something else, or more, over the WebSocket in place of a message of a type. */
	readonly say?: (type: string, socket: WebSocket, data: object) => boolean;
	/** Changes what it answers at a path. */
	readonly edit?: (path: string, answer: object) => object;
	/** Writes the response itself, and says so, in place of what ComfyUI answers at a path. */
	readonly misbehave?: (path: string, response: ServerResponse) => boolean;
}

export interface Comfy extends TestService {
	/** Resolved when a sampler is in the middle of its work. */
	readonly halfway: Promise<void>;
	/** Ids of the runs that wait. */
	pending(): readonly string[];
	/** As its button does: stops what is at work. */
	interrupt(): void;
}

/** What each kind of node must be given. */
const kinds: Readonly<Record<string, readonly string[]>> = {
	CheckpointLoaderSimple: ["ckpt_name"],
	EmptyLatentImage: ["width", "height", "batch_size"],
	CLIPTextEncode: ["text", "clip"],
	KSampler: ["seed", "steps", "cfg", "sampler_name", "scheduler", "model", "positive", "negative", "latent_image"],
	VAEDecode: ["samples", "vae"],
	SaveImage: ["images"],
	PreviewImage: ["images"],
	SaveImageWebsocket: ["images"],
};
const outputs = ["SaveImage", "PreviewImage", "SaveImageWebsocket"];
const checkpoints = ["dreams.safetensors"];

export async function startComfy(options: ComfyOptions = {}): Promise<Comfy> {
	const { authorization, holds = 0, edit = (_path, answer) => answer } = options;
	const clients = new Map<string, WebSocket>();
	const waiting: Run[] = [];
	const history: Record<string, object> = {};
	const files = new Map<string, Uint8Array>();
	const cache = new Map<string, { readonly key: string; readonly value: unknown; readonly images: readonly Saved[] }>();
	const halfway = Promise.withResolvers<void>();
	let sampled = 0;
	let current: Run | undefined;

	function say(client: string, type: string, data: object): void {
		const socket = clients.get(client);
		if (socket !== undefined && options.say?.(type, socket, data) !== true) {
			socket.send(JSON.stringify({ type, data }));
		}
	}

	function sayQueue(): void {
		const queue_remaining = waiting.length + (current === undefined ? 0 : 1);
		for (const client of clients.keys()) say(client, "status", { status: { exec_info: { queue_remaining } } });
	}

	function show(client: string, picture: Uint8Array, format: number): void {
		const header = Buffer.alloc(8);
		header.writeUInt32BE(1, 0);
		header.writeUInt32BE(format, 4);
		clients.get(client)?.send(Buffer.concat([header, picture]));
	}

	async function work(): Promise<void> {
		while (current === undefined && waiting.length > 0) {
			current = waiting.shift() as Run;
			sayQueue();
			const { id, client } = current;
			const done = await runOf(current).catch((error: unknown) => error as Failed);
			const failed = done instanceof Failed;
			history[id] = { outputs: failed ? {} : done, status: { status_str: failed ? "error" : "success" } };
			if (failed) {
				say(client, done.type, { prompt_id: id, ...done.data });
			}
			current = undefined;
			say(client, "executing", { node: null, prompt_id: id });
			sayQueue();
		}
	}

	/** Runs what the outputs need, and gives their pictures. */
	async function runOf(run: Run): Promise<object> {
		const { id: prompt_id, client, nodes } = run;
		const wanted = Object.keys(nodes).filter((node) => outputs.includes(nodes[node]?.class_type ?? ""));
		const order = [...new Set(wanted.flatMap((node) => withSources(nodes, node)))];
		const isCached = (node: string) => cache.get(node)?.key === keyOf(nodes, node);
		say(client, "execution_start", { prompt_id });
		say(client, "execution_cached", { prompt_id, nodes: order.filter(isCached) });
		for (const node of order.filter((node) => !isCached(node))) {
			say(client, "executing", { prompt_id, node });
			const { images, value } = await execute(run, node);
			cache.set(node, { key: keyOf(nodes, node), value, images });
			if (images.length > 0) say(client, "executed", { prompt_id, node, output: { images } });
		}
		return Object.fromEntries(wanted.map((node) => [node, { images: cache.get(node)?.images }]));
	}

	async function execute(run: Run, node: string): Promise<{ value: unknown; images: Saved[] }> {
		const { client, id: prompt_id } = run;
		const { class_type, inputs } = run.nodes[node] as Node;
		const { failing } = options;
		if (failing?.node === node) {
			const { type: exception_type, message: exception_message } = failing;
			throw new Failed("execution_error", { node_id: node, node_type: class_type, exception_type, exception_message });
		}
		const given = Object.fromEntries(
			Object.entries(inputs).map(([name, value]) => [name, Array.isArray(value) ? cache.get(value[0])?.value : value]),
		);
		if (class_type === "KSampler") {
			const max = Number(inputs.steps);
			// Counted by runs: one that is interrupted before its middle counts as well.
			const holdsInTheMiddle = sampled++ < holds;
			for (let step = 1; step <= max; step++) {
				await turn();
				if (step * 2 > max) {
					halfway.resolve();
					if (!run.isInterrupted && holdsInTheMiddle) await new Promise<void>((wake) => (run.wake = wake));
				}
				if (run.isInterrupted) throw new Failed("execution_interrupted", { node_id: node, node_type: class_type });
				say(client, "progress", { prompt_id, node, value: step, max });
				show(client, await pictureOf(8, 8, step), 1);
			}
		}
		const images: Saved[] = [];
		if (outputs.includes(class_type)) {
			for (const picture of await picturesOf(given.images)) {
				if (class_type === "SaveImageWebsocket") {
					show(client, picture, 2);
				} else {
					const type = class_type === "SaveImage" ? "output" : "temp";
					const file = { filename: `${randomUUID()} &.png`, subfolder: "a/b", type };
					files.set(JSON.stringify(file), picture);
					images.push(file);
				}
			}
		}
		return { value: class_type === "CLIPTextEncode" ? readText(String(inputs.text)) : { class_type, given }, images };
	}

	function interrupt(): void {
		if (current !== undefined) {
			current.isInterrupted = true;
			current.wake();
		}
	}

	function queued({ id, client, nodes }: Run): unknown[] {
		return [0, id, nodes, { client_id: client }, ["9"]];
	}

	async function answer({ method, path, headers, body }: Asked, response: ServerResponse) {
		const { pathname, searchParams } = new URL(path, "http://comfy");
		if (authorization !== undefined && headers.authorization !== authorization) {
			response.writeHead(401).end("<html>Who are you?");
			return undefined;
		}
		if (options.misbehave?.(pathname, response) === true) {
			return undefined;
		}
		const [, room = "", name = ""] = pathname.split("/");
		switch (`${method} /${room}`) {
			case "POST /prompt": {
				const refusal = refusalOf(body.prompt);
				if (refusal !== undefined) {
					response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(refusal));
					return undefined;
				}
				const run = {
					id: randomUUID(),
					client: body.client_id,
					nodes: body.prompt,
					isInterrupted: false,
					wake: () => undefined,
				};
				waiting.push(run);
				sayQueue();
				setImmediate(work);
				return edit(pathname, { prompt_id: run.id, number: 1, node_errors: {} });
			}
			case "GET /history":
				return edit(pathname, history[name] === undefined ? {} : { [name]: history[name] });
			case "GET /view": {
				const [filename, subfolder, type] = ["filename", "subfolder", "type"].map((key) => searchParams.get(key));
				const file = files.get(JSON.stringify({ filename, subfolder, type }));
				response.writeHead(file === undefined ? 404 : 200, { "content-type": "image/png" }).end(file);
				return undefined;
			}
			case "GET /queue":
				return {
					queue_running: current === undefined ? [] : [queued(current)],
					queue_pending: waiting.map(queued),
				};
			case "POST /queue":
				for (const id of body.delete)
					waiting.splice(
						waiting.findIndex((run) => run.id === id),
						1,
					);
				response.end();
				return undefined;
			case "POST /interrupt":
				if (body.prompt_id === current?.id) interrupt();
				response.end();
				return undefined;
			case "GET /object_info":
				return name in kinds ? { [name]: { input: {} } } : {};
			default:
				response.writeHead(404).end("404: Not Found");
				return undefined;
		}
	}

	const service = await startService(answer);
	const sockets = new WebSocketServer({ noServer: true });
	service.server.on("upgrade", (request, stream, head) => {
		const { pathname, searchParams } = new URL(request.url ?? "", "http://comfy");
		const refusal = pathname !== "/ws" ? "404 Not Found" : request.headers.origin ? "403 Forbidden" : undefined;
		const isKnown = authorization === undefined || request.headers.authorization === authorization;
		if (refusal !== undefined || !isKnown) {
			stream.end(`HTTP/1.1 ${refusal ?? "401 Unauthorized"}\r\ncontent-length: 0\r\n\r\n`);
			return;
		}
		sockets.handleUpgrade(request, stream, head, (socket) => {
			const client = searchParams.get("clientId") ?? randomUUID();
			clients.set(client, socket);
			socket.on("close", () => clients.delete(client));
			sayQueue();
		});
	});
	const close = () => {
		for (const socket of sockets.clients) socket.terminate();
		service.close();
	};
	return { ...service, close, halfway: halfway.promise, pending: () => waiting.map(({ id }) => id), interrupt };
}

/** An end before the outputs: what is said of it over the socket. */
class Failed extends Error {
	readonly type: string;
	readonly data: object;

	constructor(type: string, data: object) {
		super(type);
		this.type = type;
		this.data = data;
	}
}

/** A node behind all that it needs. */
function withSources(nodes: Nodes, node: string): string[] {
	const sources = Object.values(nodes[node]?.inputs ?? {}).flatMap((value) =>
		Array.isArray(value) ? withSources(nodes, String(value[0])) : [],
	);
	return [...sources, node];
}

/** Equal for nodes that would give the same; never for one that sends its pictures away. */
function keyOf(nodes: Nodes, node: string): string {
	const all = withSources(nodes, node).map((source) => nodes[source]);
	return JSON.stringify([all, nodes[node]?.class_type === "SaveImageWebsocket" ? randomUUID() : ""]);
}

/** One picture for each of the batch; all that went into the sampler decides the colour. */
function picturesOf(decoded: unknown): Promise<Uint8Array[]> {
	const { given } = decoded as { given: { samples: { given: { latent_image: { given: Latents } } } } };
	const { width, height, batch_size } = given.samples.given.latent_image.given;
	return Promise.all(
		Array.from({ length: batch_size }, (_, index) => pictureOf(width, height, withoutBatch(given), index)),
	);
}

interface Latents {
	readonly width: number;
	readonly height: number;
	readonly batch_size: number;
}

function withoutBatch(value: unknown): string {
	return JSON.stringify(value, (key, inner) => (key === "batch_size" ? undefined : inner));
}

/** As ComfyUI checks a workflow before it takes it. */
function refusalOf(nodes: Nodes): object | undefined {
	for (const [id, { class_type }] of Object.entries(nodes)) {
		if (!(class_type in kinds)) {
			const message = `Cannot execute because node ${class_type} does not exist.`;
			return {
				error: { type: "invalid_prompt", message, details: `Node ID '#${id}'`, extra_info: {} },
				node_errors: [],
			};
		}
	}
	const node_errors = Object.fromEntries(
		Object.entries(nodes).flatMap(([id, { class_type, inputs }]) => {
			const errors = (kinds[class_type] ?? []).flatMap((name) => faultOf(name, inputs[name]));
			return errors.length === 0 ? [] : [[id, { errors, class_type, dependent_outputs: ["9"] }]];
		}),
	);
	if (Object.keys(node_errors).length === 0) {
		return undefined;
	}
	const message = "Prompt outputs failed validation";
	return { error: { type: "prompt_outputs_failed_validation", message, details: "", extra_info: {} }, node_errors };
}

function faultOf(name: string, value: unknown): object[] {
	if (value === undefined) {
		return [{ type: "required_input_missing", message: "Required input is missing", details: name }];
	}
	return name === "ckpt_name" && !checkpoints.includes(String(value))
		? [
				{
					type: "value_not_in_list",
					message: "Value not in list",
					details: `${name}: '${value}' not in ['${checkpoints}']`,
				},
			]
		: [];
}
