/**
 * A language model over a real server that speaks chat completions: asked about texts of pictures, with examples, over HTTP.
 *
 * @module
 */
import { openaiChat } from "@dediffusion/openai-chat";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startChatServer } from "../plugins/openai-chat/src/testing/server.ts";
import { startService, type TestService } from "../src/plugins/testing/index.ts";
import { plainPicture } from "./pictures.ts";
import { serve, type TestServer } from "./server.ts";

const key = "key-that-nobody-must-see";
let chat: TestService;
let moody: TestService;
/** What the moody service does next. */
let moods: ((response: Parameters<Parameters<typeof startService>[0]>[1]) => object | undefined)[];
let server: TestServer;
let picture: string;

beforeAll(async () => {
	process.env.CHAT_KEY = key;
	chat = await startChatServer();
	moody = await startService((_, response) => (moods.shift() ?? good)(response));
	server = await serve({
		engine: {
			plugins: [
				openaiChat({
					url: `${chat.url}/v1`,
					keyVariable: "CHAT_KEY",
					languageModels: [{ id: "chat", model: "m", deterministic: true, settings: ["seed", "temperature"] }],
					captioners: [{ id: "captions", model: "m" }],
				}),
				openaiChat({
					url: `${moody.url}/v1`,
					keyVariable: "CHAT_KEY",
					languageModels: [
						{ id: "moody", model: "m" },
						{ id: "hasty", model: "m" },
					],
				}),
			],
			languageModels: { moody: { retries: 1 }, hasty: { retries: 0, timeoutMs: 500 } },
		},
	});
	delete process.env.CHAT_KEY;
	picture = (await server.engine.pictures.add((await plainPicture([200, 8, 8])).bytes)).id;
});
afterAll(async () => {
	await server.close();
	chat.close();
	moody.close();
});
beforeEach(() => {
	moods = [];
	chat.asked.splice(0);
	moody.asked.splice(0);
});

const good = () => ({ choices: [{ message: { content: "Red." }, finish_reason: "stop" }] });
const failing = (status: number, headers = {}, body = JSON.stringify({ error: { message: `no ${key}` } })) =>
	((response) => void response.writeHead(status, headers).end(body)) as (typeof moods)[number];

test("is listed with what it can do", async () => {
	const { data, errors } = await server.ask(
		"{ languageModels { id name lane settings deterministic maxInputTokens limits { retries } health { ready } } }",
	);
	expect(errors).toBeUndefined();
	expect(data.languageModels).toMatchObject([
		{ id: "chat", lane: "NETWORK", settings: ["SEED", "TEMPERATURE"], deterministic: true, health: { ready: true } },
		{ id: "moody", limits: { retries: 1 }, health: { ready: true } },
		{ id: "hasty", limits: { retries: 0 } },
	]);
});

test("answers a question about a text, given examples, and shows what it was given", async () => {
	const { data, errors } = await server.ask(`{ ask(
		text: "red heart shape", question: "What colour is it?",
		examples: [{ text: "blue star", answer: "blue" }, { text: "two cats", question: "How many cats?", answer: "2" }],
		settings: { maxTokens: 9 }
	) { answer languageModel finishReason inputTokens outputTokens durationMs messages { role text } warnings { type setting message } } }`);
	expect(errors).toBeUndefined();
	expect(data.ask).toMatchObject({
		answer: "You asked: Question: What colour is it?",
		...{ languageModel: "chat", finishReason: "STOP", outputTokens: 7 },
		warnings: [{ type: "UNSUPPORTED", setting: "MAX_TOKENS" }],
	});
	expect(data.ask.messages.map(({ role, text }: { role: string; text: string }) => [role, text])).toEqual([
		["SYSTEM", expect.stringContaining("cannot see")],
		["USER", "Picture: blue star\nQuestion: What colour is it?"],
		["ASSISTANT", "blue"],
		["USER", "Picture: two cats\nQuestion: How many cats?"],
		["ASSISTANT", "2"],
		["USER", "Picture: red heart shape\nQuestion: What colour is it?"],
	]);
	const [{ body, headers } = { body: undefined, headers: {} }] = chat.asked;
	expect(headers.authorization).toBe(`Bearer ${key}`);
	expect(body).toMatchObject({ model: "m", seed: 0, temperature: 0 });
	expect(body).not.toHaveProperty("max_tokens");
});

test("reasons over what an encoder says, De-Diffusion or a captioner, with pictures as examples", async () => {
	const { data, errors } = await server.ask(`{
		own: encode(picture: { id: "${picture}" }) {
			text ask(question: "What is it?", examples: [{ picture: { id: "${picture}" }, answer: "a square" }]) { messages { text } }
		}
		other: encode(picture: { id: "${picture}" }, encoder: "captions") {
			text ask(question: "What is it?", examples: [{ picture: { id: "${picture}" }, answer: "a square" }]) { messages { text } }
		}
	}`);
	expect(errors).toBeUndefined();
	expect(data.other.text).toMatch(/^a picture of rgb \d+ \d+ \d+$/);
	expect(data.own.text).not.toBe(data.other.text);
	for (const { text, ask } of [data.own, data.other]) {
		expect(ask.messages[1].text).toBe(`Picture: ${text}\nQuestion: What is it?`);
		expect(ask.messages[3].text).toBe(`Picture: ${text}\nQuestion: What is it?`);
	}
});

const askMoody = () => server.ask(`{ ask(text: "a cat", question: "What?", languageModel: "moody") { answer } }`);

test("is asked again on a bad moment, as soon as it allows", async () => {
	moods = [failing(429, { "retry-after": "0" })];
	expect((await askMoody()).data.ask.answer).toBe("Red.");
	expect(moody.asked).toHaveLength(2);
});

test.each([
	["401", [failing(401)], "BACKEND_AUTH", 1],
	["403", [failing(403)], "BACKEND_AUTH", 1],
	["404", [failing(404)], "BACKEND_INVALID_REQUEST", 1],
	["two gigabytes", [announcing], "BACKEND_PROTOCOL", 1],
	["a redirect to a private address", [failing(307, { location: "http://10.0.0.1/" })], "BACKEND_PROTOCOL", 1],
	["another form", [() => ({ choices: "Red." })], "BACKEND_PROTOCOL", 1],
	["503 twice", [failing(503), failing(503)], "BACKEND_UNAVAILABLE", 2],
	["a page", [failing(200, {}, "<html>")], "BACKEND_PROTOCOL", 1],
	["a broken line", [breaking, breaking], "BACKEND_UNAVAILABLE", 2],
	["a filter", [() => ({ choices: [{ message: {}, finish_reason: "content_filter" }] })], "CONTENT_FILTERED", 1],
] as const)("fails on %s with a code, and without its key", async (_, day, code, asked) => {
	moods = [...day];
	const { errors, body } = await askMoody();
	expect(errors?.[0]?.extensions).toMatchObject({ code });
	expect(body).not.toContain(key);
	expect(moody.asked).toHaveLength(asked);
});

function breaking(response: Parameters<(typeof moods)[number]>[0]): undefined {
	response.writeHead(200, { "content-length": "1000" }).write("{");
	response.socket?.destroy();
}

function announcing(response: Parameters<(typeof moods)[number]>[0]): undefined {
	response.writeHead(200, { "content-length": String(2 ** 31) }).write("{");
}

test.each([
	["an answer that never comes", () => undefined],
	["a body that never ends", (response) => void response.writeHead(200).write("{")],
] as [string, (typeof moods)[number]][])("waits for %s no longer than its limits allow", async (_, mood) => {
	moods = [mood];
	const { errors } = await server.ask('{ ask(text: "a cat", question: "What?", languageModel: "hasty") { answer } }');
	expect(errors?.[0]?.extensions).toMatchObject({ code: "BACKEND_TIMEOUT", retryable: true });
});

test.each([
	['text: "a cat", question: " "', "TEXT_EMPTY", "question"],
	['text: "a cat", question: "What?", examples: [{ answer: "x" }]', "INPUT_INVALID", "examples.0"],
	['text: "a cat", question: "What?", examples: [{ text: "a", answer: "" }]', "TEXT_EMPTY", "examples.0.answer"],
	['text: "a cat", question: "What?", settings: { temperature: 3 }', "SETTING_INVALID", "temperature"],
	['text: "a cat", question: "What?", languageModel: "nobody"', "LANGUAGE_MODEL_NOT_FOUND", "languageModel"],
])("a slip in %s is refused before anybody is asked", async (given, code, input) => {
	const { errors } = await server.ask(`{ ask(${given}) { answer } }`);
	expect(errors?.[0]?.extensions).toMatchObject({ code, input });
	expect(chat.asked).toEqual([]);
});
