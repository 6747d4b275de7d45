/**
 * Pictures drawn from pictures, over HTTP, with real models.
 *
 * @module
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brush } from "./brush.ts";
import { tinyPictureEncoder, tinyPipeline } from "./fixtures.ts";
import { type Colour, plainPicture } from "./pictures.ts";
import { refusalOf } from "./refusals.ts";
import { type Answer, pluginOf, serve, type TestServer, until } from "./server.ts";

let server: TestServer;
let folder: string;
const pictures: Record<string, string> = {};

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dediffusion-initial-"));
	for (const part of [tinyPipeline, tinyPictureEncoder]) await cp(part, folder, { recursive: true });
	const models = [
		{ id: "able", folder, steps: 4 },
		{ id: "unable", folder: tinyPipeline, steps: 4 },
	];
	server = await serve({ engine: { plugins: [stableDiffusion({ models }), pluginOf(brush("oil"))] } });
	const colours: Record<string, Colour> = { light: [250, 240, 230], dark: [5, 10, 20] };
	for (const [name, colour] of Object.entries(colours)) {
		pictures[name] = (await server.engine.pictures.add((await plainPicture(colour)).bytes)).id;
	}
});
afterAll(async () => {
	await server.close();
	await rm(folder, { recursive: true });
});

const decode = (decoder: string, settings: object) =>
	server.ask(
		`query ($decoder: ID!, $settings: DecodeSettings) {
			decode(text: "a red dog", decoder: $decoder, settings: $settings) {
				picture { id width height } warnings { type setting message }
			}
		}`,
		{ decoder, settings: { seed: 7, ...settings } },
	);
const from = (name: string, strength?: number) => ({ initialImage: { picture: { id: pictures[name] }, strength } });
const drawn = ({ data }: Answer): string => data.decode.picture.id;

test("decoders say whether they take one", async () => {
	const { data } = await server.ask("{ decoders { id capabilities { settings } } }");
	const settings = data.decoders.map((decoder: { id: string; capabilities: { settings: string[] } }) => [
		decoder.id,
		decoder.capabilities.settings.includes("INITIAL_IMAGE"),
	]);
	expect(Object.fromEntries(settings)).toEqual({ able: true, unable: false, oil: false });
});

test("another picture to start from gives another picture, and so does another strength", async () => {
	const answers = [
		await decode("able", {}),
		await decode("able", from("light", 0.5)),
		await decode("able", from("dark", 0.5)),
		await decode("able", from("light", 1)),
	];
	for (const { data } of answers) expect(data.decode).toMatchObject({ picture: { width: 32 }, warnings: [] });
	expect(new Set(answers.map(drawn)).size).toBe(answers.length);
	expect(drawn(await decode("able", from("light", 0.8)))).toBe(drawn(await decode("able", from("light"))));
});

test("the picture may come as bytes, and reconstructions may start from one too", async () => {
	const bytes = Buffer.from((await plainPicture([250, 240, 230])).bytes).toString("base64");
	const sent = await decode("able", { initialImage: { picture: { data: bytes }, strength: 0.5 } });
	expect(drawn(sent)).toBe(drawn(await decode("able", from("light", 0.5))));
	const { data } = await server.ask(
		`query ($original: ID!, $settings: DecodeSettings) {
			reconstruct(picture: { id: $original }, decoder: "able", settings: $settings) {
				text { reconstruct(decoder: "able", settings: $settings) { decoding { picture { id } } } }
				decoding { picture { id } }
			}
		}`,
		{ original: pictures.dark, settings: { seed: 7, ...from("light", 0.5) } },
	);
	expect(data.reconstruct.decoding).toEqual(data.reconstruct.text.reconstruct.decoding);
});

describe("a decoder that takes none", () => {
	test.each(["unable", "oil"])("draws without it and warns: %s", async (decoder) => {
		const answer = await decode(decoder, from("light"));
		expect(drawn(answer)).toBe(drawn(await decode(decoder, {})));
		expect(answer.data.decode.warnings).toMatchObject([{ type: "UNSUPPORTED", setting: "INITIAL_IMAGE" }]);
	});

	test("says what its folder lacks", async () => {
		const [warning] = (await decode("unable", from("light"))).data.decode.warnings;
		expect(warning.message).toContain(join("vae_encoder", "model.onnx"));
	});
});

test("a strength out of range and a picture that is not there are refused by name", async () => {
	for (const strength of [0, -1, 1.5]) {
		expect(await refusalOf(await decode("able", from("light", strength)))).toMatchObject({
			code: "SETTING_INVALID",
			input: "settings.initialImage.strength",
		});
	}
	const missing = { initialImage: { picture: { id: "0".repeat(64) } } };
	expect(await refusalOf(await decode("able", missing))).toMatchObject({
		code: "PICTURE_NOT_FOUND",
		input: "settings.initialImage.picture.id",
	});
});

test("a comparison keeps the picture that its cells start from", async () => {
	const bytes = Buffer.from((await plainPicture([9, 99, 200])).bytes).toString("base64");
	const input = {
		sources: [{ text: "a red dog" }],
		decoders: ["able", "oil"],
		seeds: [7],
		settings: { initialImage: { picture: { data: bytes }, strength: 0.5 } },
	};
	const { data } = await server.ask(
		"mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }",
		{
			input,
		},
	);
	const query = `{
		comparison(id: "${data.transferPrompt.id}") {
			status
			cells {
				settings { initialImage { picture { id width } strength } }
				decoding { picture { id } warnings { setting } }
			}
		}
	}`;
	const done = await until(server.url, query, ({ comparison }) => comparison.status === "DONE");
	const [able, oil] = done.data.comparison.cells;
	const { id } = await plainPicture([9, 99, 200]);
	expect(able.settings.initialImage).toEqual({ picture: { id, width: 16 }, strength: 0.5 });
	expect(able.decoding.warnings).toEqual([]);
	expect(oil.decoding.warnings).toEqual([{ setting: "INITIAL_IMAGE" }]);
	const alone = await decode("able", { initialImage: { picture: { id }, strength: 0.5 } });
	expect(able.decoding.picture.id).toBe(drawn(alone));
});
