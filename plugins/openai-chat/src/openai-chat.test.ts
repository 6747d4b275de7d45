import type { Encoder, LanguageModel, Message } from "dediffusion/plugin";
import {
	type Answer,
	checkEncoder,
	checkLanguageModel,
	sourcePicture,
	startService,
	type TestService,
	testHost,
} from "dediffusion/plugin/testing";
import OpenAI from "openai";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openaiChat } from "./index.ts";
import { startChatServer } from "./testing/server.ts";

type Options = Parameters<typeof openaiChat>[0];
type ModelOptions = Partial<NonNullable<Options["languageModels"]>[number]>;
type CaptionerOptions = Partial<NonNullable<Options["captioners"]>[number]>;

const host = testHost();
const services: TestService[] = [];
let service: TestService;

beforeEach(async () => {
	service = await startChatServer();
	services.push(service);
});

afterEach(() => {
	for (const running of services.splice(0)) running.close();
	delete process.env.CHAT_TEST_KEY;
});

async function refuse(answer: Answer): Promise<string> {
	const refusing = await startService(answer);
	services.push(refusing);
	return refusing.url;
}

async function language(url: string, options: ModelOptions = {}): Promise<LanguageModel> {
	const given = await openaiChat({
		url: `${url}/v1`,
		keyVariable: "CHAT_TEST_KEY",
		languageModels: [{ id: "chat", model: "m", deterministic: true, ...options }],
	}).setup(host);
	return given.languageModels[0] as LanguageModel;
}

async function captioner(url: string, options: CaptionerOptions = {}): Promise<Encoder> {
	const given = await openaiChat({
		url: `${url}/v1`,
		keyVariable: "CHAT_TEST_KEY",
		captioners: [{ id: "captions", model: "m", deterministic: true, ...options }],
	}).setup(host);
	return given.encoders[0] as Encoder;
}

const messages: Message[] = [
	{ role: "system", text: "Be brief." },
	{ role: "user", text: "What?" },
];
const { signal } = new AbortController();
const unauthorized: Answer = (_, response) => void response.writeHead(401).end("{}");

describe("a language model", () => {
	it("keeps to the contract of the SDK", async () => {
		const failing = [{ languageModel: await language(await refuse(unauthorized)), code: "BACKEND_AUTH" as const }];
		await checkLanguageModel(await language(service.url), { failing });
	});

	it("is sent what the protocol takes and nothing else, and the key", async () => {
		process.env.CHAT_TEST_KEY = "key-of-the-test";
		const model = await language(service.url, { parameters: { top_k: 1 }, maxTokens: 50 });
		expect(await model.generate({ messages, seed: 7, temperature: 0 }, { signal })).toEqual({
			status: "done",
			text: "You asked: What?",
			finishReason: "stop",
			usage: { inputTokens: expect.any(Number), outputTokens: 3 },
			warnings: [],
		});
		expect(service.asked).toMatchObject([{ method: "POST", path: "/v1/chat/completions" }]);
		expect(service.asked[0]?.headers.authorization).toBe("Bearer key-of-the-test");
		expect(service.asked[0]?.body).toEqual({
			model: "m",
			messages: [
				{ role: "system", content: "Be brief." },
				{ role: "user", content: "What?" },
			],
			...{ seed: 7, temperature: 0, max_tokens: 50, top_k: 1 },
		});
	});

	it("is told its most tokens under the name that it knows, and says where it was cut off", async () => {
		const model = await language(service.url, { maxTokensField: "max_completion_tokens", settings: ["maxTokens"] });
		expect(model.capabilities.settings).toEqual(["maxTokens"]);
		const result = await model.generate({ messages, maxTokens: 2 }, { signal });
		expect(result).toMatchObject({ text: "You asked:", finishReason: "length" });
		expect(service.asked[0]?.body).toMatchObject({ max_completion_tokens: 2 });
	});
});

describe("a captioner", () => {
	it.each([0, 0.7])("at temperature %d keeps to the contract of the SDK", async (temperature) => {
		const failing = [{ encoder: await captioner(await refuse(unauthorized)), code: "BACKEND_AUTH" as const }];
		await checkEncoder(await captioner(service.url, { temperature }), { failing });
	});

	it("is shown the picture's own file, made smaller where it is too large, and asked for its words", async () => {
		const bytes = await sharp({ create: { width: 64, height: 32, channels: 3, background: "#0000ff" } })
			.webp()
			.toBuffer();
		const picture = await sourcePicture(bytes);
		const encoder = await captioner(service.url, { maxSide: 16, instruction: "What is this?" });
		const [result] = await encoder.encode([{ picture, seed: 0, length: 3 }], { signal });
		expect(result).toEqual({ status: "done", text: "a picture of", warnings: [] });
		const [sent] = service.asked;
		const [{ content }] = sent?.body.messages ?? [];
		expect(content[0]).toEqual({ type: "text", text: "What is this? Use at most 3 words." });
		const url: string = content[1].image_url.url;
		expect(url).toMatch(/^data:image\/png;base64,/);
		const shown = await sharp(Buffer.from(url.split(",")[1] ?? "", "base64")).metadata();
		expect([shown.format, shown.width, shown.height]).toEqual(["png", 16, 8]);
	});

	it("warns of a caption that was cut off", async () => {
		const picture = await sourcePicture(
			await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
				.png()
				.toBuffer(),
		);
		const encoder = await captioner(service.url, { maxTokens: 2 });
		expect(await encoder.encode([{ picture, seed: 0 }], { signal })).toMatchObject([
			{ text: "a picture", warnings: [{ type: "truncated" }] },
		]);
	});
});

describe("a bad answer", () => {
	const generate = async (answer: Answer) => (await language(await refuse(answer))).generate({ messages }, { signal });
	const status =
		(code: number, error: object): Answer =>
		(_, response) =>
			void response.writeHead(code).end(JSON.stringify({ error }));

	it.each([
		["no choice", { choices: [] }, /no choice/],
		["no text", { choices: [{ message: { content: null }, finish_reason: "stop" }] }, /no text/],
		["thoughts alone", { choices: [{ message: { content: "" }, finish_reason: "length" }] }, /all tokens/],
		["another form", { output: "hello" }, /another form/],
	])("with %s is not understood", async (_, answer, message) => {
		await expect(generate(() => answer)).rejects.toMatchObject({
			code: "BACKEND_PROTOCOL",
			message: expect.stringMatching(message),
		});
	});

	it.each([
		["a refusal", () => ({ choices: [{ message: { content: null, refusal: "I will not." }, finish_reason: "stop" }] })],
		["a filter", () => ({ choices: [{ message: { content: "" }, finish_reason: "content_filter" }] })],
		["a filtered question", status(400, { code: "content_filter", message: "I will not." })],
	] as [string, Answer][])("for %s is filtered", async (_, answer) => {
		expect(await generate(answer)).toMatchObject({ status: "filtered", reason: expect.stringMatching(/./) });
	});

	it.each([
		[
			400,
			{ message: "No such model." },
			{ code: "BACKEND_INVALID_REQUEST", message: "The backend answered 400: No such model." },
		],
		[
			429,
			{ code: "insufficient_quota", message: "Out of credit." },
			{ code: "BACKEND_RATE_LIMITED", retryable: false },
		],
		[503, { message: "Loading model", code: 503 }, { code: "BACKEND_UNAVAILABLE", retryable: true }],
	])("with status %d says what the service says", async (code, error, expected) => {
		await expect(generate(status(code, error))).rejects.toMatchObject(expected);
	});
});

it("needs a model", () => {
	expect(() => openaiChat({})).toThrow(/languageModels or captioners/);
});

it("the server of these tests is one that OpenAI's own client understands", async () => {
	const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: "none", maxRetries: 0 });
	const completion = await client.chat.completions.create({
		model: "m",
		messages: [{ role: "user", content: "What?" }],
		max_tokens: 2,
	});
	expect(completion.choices[0]).toMatchObject({ message: { content: "You asked:" }, finish_reason: "length" });
	expect(completion.usage?.completion_tokens).toBe(2);
});
