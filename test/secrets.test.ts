/**
 * Keys of every backend, at a service that says them back in whatever it answers: no answer, no error and no line of the
 * log of a real server shows one.
 *
 * @module
 */
import { readFile, symlink, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { textToImage } from "../plugins/comfyui/src/testing/workflow.ts";
import { type Asked, startService, type TestService } from "../src/plugins/testing/index.ts";
import { tinyEncoder } from "./fixtures.ts";
import { plainPicture } from "./pictures.ts";
import { run, startProcess } from "./process.ts";
import { ask, scratchFolder, until } from "./server.ts";
import { repository } from "./snippets.ts";

const key = "k3y+that/nobody=must=see";
const forms = [
	key,
	encodeURIComponent(key),
	Buffer.from(key).toString("base64"),
	Buffer.from(`user:${key}`).toString("base64"),
];

/** Decoders by their ids, each with its plugin as it stands in a configuration. */
const decoders: Readonly<Record<string, string>> = {
	vertex: 'imagen({ id: "vertex", url, model: "m", flavour: "vertex", tokenVariable: "A_KEY" })',
	asked: 'imagen({ id: "asked", url, model: "m", flavour: "dediffusion", token: () => process.env.A_KEY ?? "" })',
	imagen: 'imagen({ id: "imagen", url, model: "m", flavour: "gemini", keyVariable: "A_KEY" })',
	gemini: 'geminiImages({ id: "gemini", url, model: "m", keyVariable: "A_KEY" })',
	openai: 'openaiImages({ id: "openai", url, keyVariable: "A_KEY" })',
	webui: 'automatic1111({ id: "webui", url, authVariable: "A_LOGIN" })',
	comfy:
		'comfyui({ id: "comfy", url, workflow: "flow.json", inputs: { prompt: "6.text" }, authorizationVariable: "A_HEADER" })',
	sdk: 'fromAiSdk((fetch) => createOpenAI({ baseURL: url, apiKey: process.env.A_KEY ?? "", fetch }).image("m"), { id: "sdk", url })',
	sdkplain:
		'fromAiSdk(createOpenAI({ baseURL: url, apiKey: process.env.A_KEY ?? "" }).image("m"), { id: "sdkplain", keyVariable: "A_KEY" })',
	triton:
		'openInference({ id: "triton", url, model: "m", inputs: { prompt: "P" }, output: "O", tokenVariable: "A_KEY" })',
};

const configuration = (url: string) => `
	import { createOpenAI } from "@ai-sdk/openai";
	import { fromAiSdk } from "@dediffusion/ai-sdk";
	import { automatic1111 } from "@dediffusion/automatic1111";
	import { comfyui } from "@dediffusion/comfyui";
	import { geminiImages, imagen } from "@dediffusion/imagen-compat";
	import { openInference, openInferenceEncoder } from "@dediffusion/open-inference";
	import { openaiChat } from "@dediffusion/openai-chat";
	import { openaiImages } from "@dediffusion/openai-images";

	const url = ${JSON.stringify(url)};
	const once = { retries: 1 };
	export default {
		plugins: [
			${Object.values(decoders).join(",\n")},
			openInferenceEncoder({ id: "blip", url, model: "m", inputs: { picture: "P" }, output: "O", tokenVariable: "A_KEY" }),
			openaiChat({ url, keyVariable: "A_KEY", languageModels: [{ id: "chat", model: "m" }], captioners: [{ id: "captions", model: "m" }] }),
		],
		encoders: [{ id: "tiny", folder: ${JSON.stringify(tinyEncoder)} }, { id: "blip", ...once }, { id: "captions", ...once }],
		decoders: { ${Object.keys(decoders).map((id) => `${id}: once`)} },
		languageModels: { chat: once },
		inference: { providers: ["cpu"], threads: 1 },
	};
`;

/** Everything that the service knows of whoever asks, as a careless one would write it. */
function gossip({ path, headers }: Asked): string {
	return `I got ${path} with ${JSON.stringify(headers)}: ${forms.join(" ")} ?key=${encodeURIComponent(key)}`;
}

type Mood = (asked: Asked, response: ServerResponse) => object | undefined;

const refusing =
	(status: number, bodyOf: (words: string) => string): Mood =>
	(asked, response) =>
		void response.writeHead(status, { "x-echo": key }).end(bodyOf(gossip(asked)));
const asError = (words: string) => JSON.stringify({ error: { message: words, code: words } });

const moods: Readonly<Record<string, Mood>> = {
	"a refused key": refusing(401, asError),
	"a refused request": refusing(400, (detail) => JSON.stringify({ detail })),
	"a failure": refusing(500, (words) => words),
	"too many requests": refusing(429, asError),
	"a page": refusing(200, (words) => `<html>${words}</html>`),
	"another form": (asked) => ({ [key]: gossip(asked), outputs: key, data: key, predictions: key, choices: key }),
	"a redirect": ({ headers }, response) =>
		void response.writeHead(307, { location: `http://10.0.0.1/?key=${key}&token=${headers.authorization}` }).end(),
	"a long story": refusing(500, (words) => `${"x".repeat(388)}${key}${words}`),
};

let mood: Mood;
let service: TestService;
let folder: string;
let sockets: WebSocketServer;

const environment = { A_KEY: key, A_LOGIN: `user:${key}`, A_HEADER: `Bearer ${key}` };

beforeAll(async () => {
	service = await startService((asked, response) => mood(asked, response));
	// ComfyUI's plugin listens before it asks for anything.
	sockets = new WebSocketServer({ server: service.server });
	sockets.on("connection", (socket: WebSocket) => void socket.on("error", () => undefined));
});

afterAll(() => {
	for (const socket of sockets.clients) socket.terminate();
	service.close();
});

async function studio(): Promise<string> {
	folder = await scratchFolder();
	await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
	await writeFile(join(folder, "flow.json"), JSON.stringify(textToImage));
	await writeFile(join(folder, "dediffusion.config.mjs"), configuration(service.url));
	return folder;
}

function expectNoKey(where: string, text: string): void {
	for (const form of forms) {
		expect(text, where).not.toContain(form);
	}
	// Nor half of one, where somebody cut a text off.
	expect(text, where).not.toContain(key.slice(0, 8));
}

test("no key is in what a server answers, stores or logs, however its backends fail", async () => {
	const config = join(await studio(), "dediffusion.config.mjs");
	const server = await startProcess(join(folder, "data"), { config, environment, folder });
	const picture = `{ data: "${Buffer.from((await plainPicture([200, 30, 30])).bytes).toString("base64")}" }`;
	const health = "health { ready code message advice }";
	const questions = [
		`{ decoders { id ${health} } encoders { id ${health} } languageModels { id ${health} } }`,
		...Object.keys(decoders).map((id) => `{ decode(text: "a cat", decoder: "${id}") { seed } }`),
		...["blip", "captions"].map((id) => `{ encode(picture: ${picture}, encoder: "${id}") { text } }`),
		'{ ask(text: "a cat", question: "What?", languageModel: "chat") { answer } }',
	];
	const sent = new Set<string>();
	const codes = new Map<string, Set<string>>();
	for (const [name, next] of Object.entries(moods)) {
		mood = next;
		service.asked.splice(0);
		const answers = await Promise.all(questions.map((question) => ask(server.url, question)));
		for (const [index, { body, errors = [] }] of answers.entries()) {
			expectNoKey(`${name}: ${questions[index]}`, body);
			expect(index === 0 ? [] : errors, questions[index]).toHaveLength(index === 0 ? 0 : 1);
			codes.set(name, (codes.get(name) ?? new Set()).add(errors[0]?.extensions.code ?? ""));
		}
		for (const { headers } of service.asked) {
			sent.add(headers.authorization ?? String(headers["x-goog-api-key"]));
		}
	}
	// The keys were really sent, and there was something to hide.
	expect(sent).toEqual(new Set([key, `Bearer ${key}`, `Basic ${Buffer.from(`user:${key}`).toString("base64")}`]));
	expect(codes.get("a refused key")).toEqual(new Set(["", "BACKEND_AUTH"]));

	mood = moods["a failure"] as Mood;
	const { data } = await ask(
		server.url,
		`mutation { transferPrompt(input: {
			sources: [{ text: "a cat" }], decoders: ${JSON.stringify(Object.keys(decoders))}, seeds: [1]
		}) { id } }`,
	);
	const cells = `{ comparison(id: "${data.transferPrompt.id}") { status cells { status error { code message } } } }`;
	const comparison = await until(server.url, cells, ({ comparison: { status } }) => status === "DONE");
	expectNoKey("a comparison", comparison.body);
	expect(comparison.body.match(/\[redacted\]/g)?.length).toBeGreaterThan(Object.keys(decoders).length);
	for (const door of ["images/generations", "models/openai:predict"]) {
		const body = { model: "openai", prompt: "a cat", instances: [{ prompt: "a cat" }] };
		const response = await fetch(`${server.url}/v1/${door}`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(body),
		});
		const answer = await response.text();
		expect([response.status, answer]).toEqual([503, expect.stringContaining("[redacted]")]);
		expectNoKey(door, answer);
	}
	await server.end("SIGTERM");
	expect(server.printed()).toContain("[redacted]");
	expectNoKey("the log", server.printed());
});

test("no key is in what commands print and write", async () => {
	await studio();
	mood = moods["a failure"] as Mood;
	const inFolder = { folder, environment };
	await writeFile(join(folder, "cat.png"), (await plainPicture([200, 30, 30])).bytes);
	const all = Object.keys(decoders).join(",");
	const printed = await Promise.all([
		run(["plugin", "check", "openai", "webui", "chat", "captions"], inFolder),
		run(["models", "list"], inFolder),
		run(["ask", "cat.png", "What?", "--json"], inFolder),
		run(["transfer", "--text", "a cat", "--decoders", all, "--seeds", "1", "--json", "-o", "out"], inFolder),
	]);
	for (const { stdout, stderr } of printed) {
		expectNoKey("a command", stdout + stderr);
	}
	expect(printed[0]?.stdout).toContain("[redacted]");
	const stored = await readFile(join(folder, "out", "comparison.json"), "utf8");
	expect(stored).toContain("[redacted]");
	expectNoKey("comparison.json", stored);
});
