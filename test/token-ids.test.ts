/**
 * Token ids from the encoder to a decoder with the same tokenizer, over HTTP, with real models.
 *
 * @module
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brush } from "./brush.ts";
import { tinyEncoder, tinyPipeline } from "./fixtures.ts";
import { plainPicture } from "./pictures.ts";
import { refusalOf } from "./refusals.ts";
import { serve, type TestServer } from "./server.ts";

let server: TestServer;
let folder: string;
let picture: string;

beforeAll(async () => {
	// The tiny encoder, speaking the tiny decoder's tokens.
	folder = await mkdtemp(join(tmpdir(), "dediffusion-tokens-"));
	await cp(tinyEncoder, folder, { recursive: true });
	await cp(join(tinyPipeline, "tokenizer"), join(folder, "tokenizer"), { recursive: true });
	const encoders = [
		{ id: "same", folder },
		{ id: "other", folder: tinyEncoder },
	];
	server = await serve({ decoders: [brush("oil")], engine: { encoders } });
	picture = (await server.engine.pictures.add((await plainPicture([200, 30, 60])).bytes)).id;
});
afterAll(async () => {
	await server.close();
	await rm(folder, { recursive: true });
});

interface Text {
	readonly text: string;
	readonly tokenizer: string;
	readonly tokens: readonly { readonly id: number }[];
	readonly reconstruct: {
		readonly decoding: { readonly picture: { readonly id: string }; readonly warnings: object[] };
	};
}

async function encode(encoder: string): Promise<Text> {
	const { data } = await server.ask(`{
		encode(picture: { id: "${picture}" }, encoder: "${encoder}") {
			text
			tokenizer
			tokens { id }
			reconstruct(decoder: "tiny", settings: { seed: 5 }) { decoding { picture { id } warnings { message } } }
		}
	}`);
	return data.encode;
}

const decode = (text: string, decoder: string, tokens?: object) =>
	server.ask(
		`query ($text: String!, $decoder: ID!, $tokens: PromptTokensInput) {
			decode(text: $text, decoder: $decoder, tokens: $tokens, settings: { seed: 5 }) {
				picture { id } effectivePrompt warnings { type setting message }
			}
		}`,
		{ text, decoder, tokens },
	);
const tokensOf = ({ tokenizer, tokens }: Text) => ({ tokenizer, ids: tokens.map(({ id }) => id) });

test("a decoder names the tokenizer that it shares with an encoder", async () => {
	const { data } = await server.ask("{ decoders { id capabilities { tokenizer } } }");
	const [same, other] = [await encode("same"), await encode("other")];
	expect(data.decoders).toEqual([
		{ id: "tiny", capabilities: { tokenizer: same.tokenizer } },
		{ id: "oil", capabilities: { tokenizer: null } },
	]);
	expect(other.tokenizer).toMatch(/^[0-9a-f]{64}$/);
	expect(other.tokenizer).not.toBe(same.tokenizer);
});

test("the ids of a text draw what its reconstruction is drawn from", async () => {
	const text = await encode("same");
	const { data } = await decode(text.text, "tiny", tokensOf(text));
	expect(data.decode).toMatchObject({ effectivePrompt: text.text, warnings: [] });
	expect(data.decode.picture).toEqual(text.reconstruct.decoding.picture);
});

test("ids of another tokenizer are left out: with a warning where they were given, silently on the way from an encoder", async () => {
	const text = await encode("other");
	expect(text.reconstruct.decoding.warnings).toEqual([]);
	const plain = await decode(text.text, "tiny");
	expect(plain.data.decode.picture).toEqual(text.reconstruct.decoding.picture);
	for (const decoder of ["tiny", "oil"]) {
		const [given, without] = [await decode(text.text, decoder, tokensOf(text)), await decode(text.text, decoder)];
		expect(given.data.decode.warnings).toMatchObject([{ type: "UNSUPPORTED", setting: "PROMPT" }]);
		expect(given.data.decode.picture).toEqual(without.data.decode.picture);
	}
});

test("no ids, and ids that there are not, are refused by name", async () => {
	const { tokenizer } = await encode("same");
	for (const ids of [[], [-1], [10_000_000]]) {
		expect(await refusalOf(await decode("a dog", "tiny", { tokenizer, ids }))).toMatchObject({
			code: "INPUT_INVALID",
			input: "tokens.ids",
		});
	}
});
