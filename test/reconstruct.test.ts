/**
 * Picture to text to picture, over HTTP, with real models.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Colour, plain, plainPicture } from "./pictures.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
	server = await serve();
});
afterAll(() => server.close());

const red: Colour = [255, 0, 0];
const base64Of = async (colour: Colour) => Buffer.from((await plainPicture(colour)).bytes).toString("base64");

test("encodes a picture sent as bytes", async () => {
	const picture = await plainPicture(red);
	const { data, errors } = await server.ask(
		`query ($data: Base64!) {
			encode(picture: { data: $data }) {
				text encoder
				tokens { id text score attention { width height weights } }
				picture { id url width height mediaType dataUri }
			}
		}`,
		{ data: Buffer.from(picture.bytes).toString("base64") },
	);
	expect(errors).toBeUndefined();
	const { text, encoder, tokens } = data.encode;
	expect(encoder).toBe("tiny-encoder");
	expect(tokens).toHaveLength(4);
	expect(text).toBe(tokens.map((token: { text: string }) => token.text).join(" "));
	for (const { score, attention } of tokens) {
		expect(score).toBeGreaterThan(0);
		expect(score).toBeLessThanOrEqual(1);
		expect(attention.weights).toHaveLength(attention.width * attention.height);
		expect(attention.weights.reduce((sum: number, weight: number) => sum + weight)).toBeCloseTo(1, 4);
	}
	expect(data.encode.picture).toEqual({
		id: picture.id,
		url: `/pictures/${picture.id}`,
		width: 16,
		height: 16,
		mediaType: "image/png",
		dataUri: `data:image/png;base64,${Buffer.from(picture.bytes).toString("base64")}`,
	});
});

test("keeps a picture whose id or address was asked for, and no other", async () => {
	const [kept, passing] = await Promise.all([plainPicture([1, 2, 3]), plainPicture([4, 5, 6])]);
	const query = (fields: string) => `query ($data: Base64!) { encode(picture: { data: $data }) { ${fields} } }`;
	const dataOf = (bytes: Uint8Array) => ({ data: Buffer.from(bytes).toString("base64") });
	await server.ask(query("picture { url }"), dataOf(kept.bytes));
	await server.ask(query("text picture { width }"), dataOf(passing.bytes));
	const { data } = await server.ask(`{
		kept: picture(id: "${kept.id}") { width }
		passing: picture(id: "${passing.id}") { width }
	}`);
	expect(data).toEqual({ kept: { width: 16 }, passing: null });
});

test("gives the first tokens when a length is asked for, and prefixes of prefixes", async () => {
	const { data } = await server.ask(
		`query ($data: Base64!) {
			encode(picture: { data: $data }) {
				text tokens { id }
				prefix(length: 3) { text tokens { id } prefix(length: 1) { text picture { width } } }
			}
			short: encode(picture: { data: $data }, length: 3) { text }
		}`,
		{ data: await base64Of(red) },
	);
	const { encode, short } = data;
	expect(encode.prefix.tokens).toEqual(encode.tokens.slice(0, 3));
	expect(encode.text.startsWith(encode.prefix.text)).toBe(true);
	expect(encode.prefix.text).toBe(short.text);
	expect(encode.prefix.prefix).toEqual({ text: encode.text.split(" ")[0], picture: { width: 16 } });
});

test("draws a text, equal seeds alike and others not", async () => {
	const { data, errors } = await server.ask(`{
		one: decode(text: "a red cat", decoder: "tiny", settings: { seed: 1 }) { ...all }
		again: decode(text: "a red cat", decoder: "tiny", settings: { seed: 1 }) { ...all }
		other: decode(text: "a red cat", decoder: "tiny", settings: { seed: 2 }) { ...all }
		random: decode(text: "a red cat", decoder: "tiny") { seed }
	}
	fragment all on Decoding {
		picture { id width height mediaType } decoder seed effectivePrompt warnings { message } durationMs filteredReason
	}`);
	expect(errors).toBeUndefined();
	const { one, again, other, random } = data;
	expect(one).toMatchObject({
		decoder: "tiny",
		seed: 1,
		effectivePrompt: "a red cat",
		warnings: [],
		filteredReason: null,
		picture: { mediaType: "image/png" },
	});
	expect(one.durationMs).toBeGreaterThan(0);
	expect(again.picture).toEqual(one.picture);
	expect(other.picture.id).not.toBe(one.picture.id);
	expect(Number.isSafeInteger(random.seed)).toBe(true);
});

test("reconstructs a picture and measures the result, from its text as from the picture", async () => {
	const file = await plain(red, 24, 16).webp().toBuffer();
	const { data, errors } = await server.ask(
		`query ($data: Base64!) {
			reconstruct(picture: { data: $data }, decoder: "tiny", encoder: "tiny-encoder", settings: { seed: 5, steps: 3 }) {
				original { width height mediaType }
				text { text }
				decoding { picture { id } seed effectivePrompt }
				metrics { psnr ssim }
			}
			encode(picture: { data: $data }) {
				reconstruct(decoder: "tiny", settings: { seed: 5, steps: 3 }) {
					text { text } decoding { picture { id } } metrics { psnr ssim }
				}
				prefix(length: 1) { text reconstruct(decoder: "tiny") { decoding { effectivePrompt } } }
			}
			short: reconstruct(picture: { data: $data }, decoder: "tiny", length: 1) { decoding { effectivePrompt } }
		}`,
		{ data: file.toString("base64") },
	);
	expect(errors).toBeUndefined();
	const { reconstruct, encode, short } = data;
	expect(reconstruct.original).toEqual({ width: 24, height: 16, mediaType: "image/webp" });
	expect(reconstruct.decoding).toMatchObject({ seed: 5, effectivePrompt: reconstruct.text.text });
	expect(reconstruct.metrics.psnr).toBeGreaterThan(0);
	expect(Math.abs(reconstruct.metrics.ssim)).toBeLessThanOrEqual(1);
	expect(encode.reconstruct.decoding.picture).toEqual(reconstruct.decoding.picture);
	expect(encode.reconstruct.metrics).toEqual(reconstruct.metrics);
	expect(encode.prefix.reconstruct.decoding.effectivePrompt).toBe(encode.prefix.text);
	expect(short.decoding.effectivePrompt).toBe(encode.prefix.text);
});

test("serves the picture that it drew at the address that it gave", async () => {
	const { data } = await server.ask(`{ decode(text: "a cat", decoder: "tiny") { picture { url dataUri } } }`);
	const { url, dataUri } = data.decode.picture;
	const file = await fetch(server.url + url);
	expect(file.headers.get("content-type")).toBe("image/png");
	expect(`data:image/png;base64,${Buffer.from(await file.bytes()).toString("base64")}`).toBe(dataUri);
});

test("warns of a setting that the decoder cut or does not take", async () => {
	const { data } = await server.ask(
		`query ($text: String!) { decode(text: $text, decoder: "tiny") { effectivePrompt warnings { type setting message } } }`,
		{ text: "cat ".repeat(200) },
	);
	expect(data.decode.warnings).toEqual([{ type: "TRUNCATED", setting: "PROMPT", message: expect.any(String) }]);
	expect(data.decode.effectivePrompt.length).toBeLessThan(800);
});

test("lists what it can encode and draw with", async () => {
	const { data, errors } = await server.ask(`{
		encoders { id name imageSize tokens vocabulary decoder device { provider skipped { provider reason } } }
		decoders {
			id name lane
			capabilities {
				settings deterministic maxBatch schedulers maxPromptTokens rewritesPrompt
				size { min max multipleOf }
				defaults { steps guidanceScale width height scheduler }
			}
		}
	}`);
	expect(errors).toBeUndefined();
	expect(data.encoders).toMatchObject([
		{ id: "tiny-encoder", imageSize: 16, tokens: 4, decoder: "tiny-epsilon", device: { provider: "CPU", skipped: [] } },
	]);
	expect(data.decoders).toMatchObject([
		{ id: "tiny", lane: "CPU", capabilities: { deterministic: true, rewritesPrompt: false, defaults: { steps: 2 } } },
	]);
	expect(data.decoders[0].capabilities.settings).toContain("GUIDANCE_SCALE");
});
