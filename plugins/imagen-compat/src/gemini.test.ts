import type { DecodeRequest, Decoder } from "dediffusion/plugin";
import {
	type Answer,
	checkDecoder,
	pictureOf,
	startService,
	type TestService,
	testHost,
} from "dediffusion/plugin/testing";
import { afterEach, describe, expect, it } from "vitest";
import { geminiImages } from "./index.ts";

const host = testHost();
const services: TestService[] = [];

afterEach(() => {
	for (const service of services.splice(0)) service.close();
	delete process.env.GEMINI_TEST_KEY;
});

async function serve(answer: Answer): Promise<TestService> {
	const service = await startService(answer);
	services.push(service);
	return service;
}

async function open(url: string): Promise<Decoder> {
	const options = { model: "gemini-3.1-flash-image", keyVariable: "GEMINI_TEST_KEY", url: `${url}/v1beta` };
	const [decoder] = await geminiImages(options).setup(host);
	return decoder as Decoder;
}

const draw = (decoder: Decoder, request: Partial<DecodeRequest> = {}) =>
	decoder.generate([{ prompt: "a red apple", seed: 5, ...request }], {
		signal: new AbortController().signal,
		onProgress: () => undefined,
	});

const imagePart = async (...given: unknown[]) => ({
	inlineData: { mimeType: "image/png", data: (await pictureOf(1024, 1024, ...given)).toString("base64") },
});

const drawing: Answer = async ({ method, body }) =>
	method === "GET"
		? { name: "models/gemini" }
		: { candidates: [{ content: { parts: [await imagePart(body.contents, body.generationConfig)] } }] };

it("keeps to the contract of the SDK", async () => {
	const { url } = await serve(drawing);
	await checkDecoder(await open(url));
});

it("asks for a picture alone, in a ratio, with the key in its header", async () => {
	process.env.GEMINI_TEST_KEY = "key-of-the-test";
	const { url, asked } = await serve(drawing);
	await draw(await open(url), { width: 1600, height: 900, seed: 2 ** 32 - 1 });
	expect(asked[0]).toMatchObject({
		path: "/v1beta/models/gemini-3.1-flash-image:generateContent",
		headers: { "x-goog-api-key": "key-of-the-test" },
	});
	expect(asked[0]?.body).toEqual({
		contents: [{ role: "user", parts: [{ text: "a red apple" }] }],
		generationConfig: { responseModalities: ["IMAGE"], imageConfig: { aspectRatio: "16:9" }, seed: -1 },
	});
});

describe("an answer", () => {
	const answered = async (answer: object) => {
		const { url } = await serve(() => answer);
		return draw(await open(url));
	};

	it("may hold words and sketches beside the picture", async () => {
		const [sketch, picture] = [await imagePart("sketch"), await imagePart("picture")];
		const parts = [{ text: "Here it is:" }, { ...sketch, thought: true }, picture];
		const [result] = await answered({ candidates: [{ content: { parts }, finishReason: "STOP" }] });
		expect(result).toMatchObject({ status: "done", image: { bytes: Buffer.from(picture.inlineData.data, "base64") } });
	});

	it.each([
		["a blocked prompt", { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }, "PROHIBITED_CONTENT"],
		["a picture held back", { candidates: [{ finishReason: "IMAGE_SAFETY" }] }, "IMAGE_SAFETY"],
		[
			"words alone",
			{ candidates: [{ content: { parts: [{ text: "I cannot." }] }, finishReason: "STOP" }] },
			"I cannot.",
		],
		["no picture", { candidates: [{ content: {}, finishReason: "NO_IMAGE" }] }, "NO_IMAGE"],
	])("of %s is filtered, with the reason", async (_, answer, reason) => {
		expect(await answered(answer)).toMatchObject([{ status: "filtered", reason: expect.stringContaining(reason) }]);
	});

	it.each([[{}], [{ candidates: [{}] }], [{ candidates: "none" }]])("of %j is not understood", async (answer) => {
		await expect(answered(answer)).rejects.toMatchObject({ code: "BACKEND_PROTOCOL" });
	});
});
