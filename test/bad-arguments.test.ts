/**
 * Arguments that cannot be used are refused by name, with what could be.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainPicture } from "./pictures.ts";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;
let picture: string;

beforeAll(async () => {
	server = await serve();
	picture = (await server.engine.pictures.add((await plainPicture([1, 2, 3])).bytes)).id;
});
afterAll(() => server.close());

const encode = (args: string) => server.ask(`{ encode(picture: { id: "${picture}" }${args}) { text } }`);
const decode = (text: string, settings?: object, decoder = "tiny") =>
	server.ask(
		"query ($text: String!, $decoder: ID!, $settings: DecodeSettings) { decode(text: $text, decoder: $decoder, settings: $settings) { seed } }",
		{ text, decoder, settings },
	);

test("an unknown encoder, and which there are", async () => {
	const refusal = await refusalOf(await encode(', encoder: "nobody"'));
	expect(refusal).toMatchObject({
		code: "ENCODER_NOT_FOUND",
		input: "encoder",
		advice: expect.stringContaining("tiny-encoder"),
	});
});

test("an unknown decoder, and which there are", async () => {
	for (const answer of [
		await decode("a cat", {}, "nobody"),
		await server.ask(`{ reconstruct(picture: { id: "${picture}" }, decoder: "nobody") { text { text } } }`),
		await server.ask(`{ encode(picture: { id: "${picture}" }) { reconstruct(decoder: "nobody") { text { text } } } }`),
	]) {
		expect(await refusalOf(answer)).toMatchObject({
			code: "DECODER_NOT_FOUND",
			input: "decoder",
			advice: expect.stringContaining("tiny"),
		});
	}
});

test("a negative prompt of 5,000 characters", async () => {
	expect(await refusalOf(await decode("a cat", { negativePrompt: "dog ".repeat(1250) }))).toMatchObject({
		code: "TEXT_TOO_LONG",
		input: "settings.negativePrompt",
		message: expect.stringContaining("5000"),
	});
});

test.each([0, -1, 5, 2 ** 31 - 1])("a length of %i, and which there are", async (length) => {
	for (const answer of [
		await encode(`, length: ${length}`),
		await server.ask(`{ encode(picture: { id: "${picture}" }) { prefix(length: ${length}) { text } } }`),
	]) {
		const refusal = await refusalOf(answer);
		expect(refusal).toMatchObject({ code: "INPUT_INVALID", input: "length" });
		expect(`${refusal.message} ${refusal.advice}`).toMatch(/1 to 4/);
	}
});

test.each(["1.5", '"two"', "true"])("a length that is no whole number: %s", async (length) => {
	expect(await refusalOf(await encode(`, length: ${length}`))).toMatchObject({ status: 400, code: "QUERY_INVALID" });
});

test.each([
	["", "TEXT_EMPTY"],
	[" \n\t ", "TEXT_EMPTY"],
	["a".repeat(10_000), "TEXT_TOO_LONG"],
])("a text of %j", async (text, code) => {
	expect(await refusalOf(await decode(text))).toMatchObject({ code, input: "text" });
});

describe("settings out of range are named, with their range:", () => {
	test.each<[object, string, RegExp]>([
		[{ seed: -1 }, "settings.seed", /from 0/],
		[{ steps: 0 }, "settings.steps", /1 to 1000/],
		[{ steps: 1001 }, "settings.steps", /1 to 1000/],
		[{ guidanceScale: -0.5 }, "settings.guidanceScale", /0 to 50/],
		[{ guidanceScale: 1e9 }, "settings.guidanceScale", /0 to 50/],
		[{ width: 0 }, "settings.width", /from/],
		[{ width: 1_000_000 }, "settings.width", /from/],
		[{ height: -64 }, "settings.height", /from/],
		[{ height: 7 }, "settings.height", /multiple of/],
	])("%j", async (settings, input, advice) => {
		const refusal = await refusalOf(await decode("a cat", settings));
		expect(refusal).toMatchObject({ code: "SETTING_INVALID", input, advice: expect.stringMatching(advice) });
	});

	test("a scheduler that the decoder does not have", async () => {
		const refusal = await refusalOf(await decode("a cat", { scheduler: "magic" }));
		expect(refusal).toMatchObject({
			code: "SCHEDULER_UNKNOWN",
			input: "settings.scheduler",
			advice: expect.stringContaining("ddim"),
		});
	});

	test("before a picture is encoded for nothing", async () => {
		server.batches.length = 0;
		const query = `{ reconstruct(picture: { id: "${picture}" }, decoder: "tiny", settings: { steps: 0 }) { text { text } } }`;
		expect(await refusalOf(await server.ask(query))).toMatchObject({ code: "SETTING_INVALID" });
		expect(server.batches).toEqual([]);
	});
});

describe("values that are no numbers are named:", () => {
	test.each<[object]>([
		[{ guidanceScale: "NaN" }],
		[{ guidanceScale: "7" }],
		[{ seed: 1.5 }],
		[{ seed: 2 ** 32 }],
		[{ steps: true }],
	])("%j as a variable", async (settings) => {
		const refusal = await refusalOf(await decode("a cat", settings));
		const [name] = Object.keys(settings);
		expect(refusal).toMatchObject({ code: "INPUT_INVALID", input: `settings.${name}` });
	});

	test.each(["NaN", "Infinity", "1e999", '"7"'])("%s in the query", async (value) => {
		const answer = await server.ask(
			`{ decode(text: "a cat", decoder: "tiny", settings: { guidanceScale: ${value} }) { seed } }`,
		);
		const refusal = await refusalOf(answer);
		expect(["QUERY_INVALID", "SETTING_INVALID"]).toContain(refusal.code);
		expect(refusal.message).toMatch(/Infinity|NaN|7/);
	});

	test("a number beyond JavaScript's in JSON", async () => {
		const answer = await fetch(`${server.url}/graphql`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: '{"query":"query ($s: DecodeSettings) { decode(text: \\"a\\", decoder: \\"tiny\\", settings: $s) { seed } }","variables":{"s":{"guidanceScale":1e999}}}',
		});
		expect(await refusalOf(answer)).toMatchObject({ code: "INPUT_INVALID", input: "s.guidanceScale" });
	});
});

test("a value of a megabyte is not sent back in the error", async () => {
	const query = "query ($picture: PictureInput!) { encode(picture: $picture) { text } }";
	const answer = await server.ask(query, { picture: { data: "!".repeat(2 ** 20) } });
	const refusal = await refusalOf(answer);
	expect(refusal).toMatchObject({ code: "INPUT_INVALID", input: "picture.data" });
	expect(refusal.message).toContain("Base64 holds a character");
	expect(answer.body.length).toBeLessThan(5000);
});

test("null means as much as nothing", async () => {
	const { errors, data } = await decode("a cat", {
		seed: 4,
		steps: null,
		guidanceScale: null,
		negativePrompt: null,
		scheduler: null,
	});
	expect(errors).toBeUndefined();
	expect(data.decode.seed).toBe(4);
});

test("what is missing is named", async () => {
	const refusal = await refusalOf(
		await server.ask('query ($text: String!) { decode(text: $text, decoder: "tiny") { seed } }'),
	);
	expect(refusal).toMatchObject({ code: "INPUT_INVALID", input: "text" });
});

test("what is not there is null and no error", async () => {
	const { data, errors } = await server.ask('{ comparison(id: "x") { id } picture(id: "x") { id } __typename }');
	expect([data, errors]).toEqual([{ comparison: null, picture: null, __typename: "Query" }, undefined]);
});
