/**
 * What the plugin SDK is for: one picture's text, drawn by models of this machine, by another server and by one that is gone.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { imagen } from "@dediffusion/imagen-compat";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundledEncoders, bundledPlugins, examplePicture } from "../src/bundled.ts";
import { serve, type TestServer, until } from "./server.ts";

/** The bundled decoders that are compared. */
const local = ["scenes-a", "scenes-b"];
const living = [...local, "far"];

let near: TestServer;
let far: TestServer;

beforeAll(async () => {
	const engine = { plugins: bundledPlugins(), encoders: bundledEncoders() };
	far = await serve({ engine });
	const gone = await serve();
	await gone.close();
	const through = (id: string, url: string) =>
		imagen({ id, url: `${url}/v1`, model: "scenes-a", flavour: "dediffusion", width: 64, height: 64 });
	near = await serve({
		engine: { ...engine, plugins: [...bundledPlugins(), through("far", far.url), through("gone", gone.url)] },
	});
});

afterAll(async () => {
	await near?.close();
	await far?.close();
});

async function compare(picture: string) {
	const input = {
		sources: [
			{ label: "De-Diffusion", picture: { id: picture } },
			{ label: "a caption", text: "a sun", original: { id: picture } },
		],
		decoders: [...living, "gone"],
		seeds: [1],
		settings: { steps: 4 },
	};
	const started = await near.ask("mutation ($input: TransferPromptInput!) { transferPrompt(input: $input) { id } }", {
		input,
	});
	expect(started.errors).toBeUndefined();
	const query = `{ comparison(id: "${started.data.transferPrompt.id}") { status cells {
		decoder status source { label text } decoding { picture { id width } effectivePrompt warnings { message } }
		metrics { psnr ssim } error { code message advice }
	} } }`;
	const { data } = await until(near.url, query, ({ comparison }) => comparison.status === "DONE");
	return data.comparison;
}

interface Cell {
	readonly decoder: string;
	readonly source: { readonly text: string };
	readonly decoding: { readonly picture: { readonly id: string } };
}

test("gives pictures of those that live, a clear error for the one that is gone, and the same numbers when run again", async () => {
	const { id } = await near.engine.pictures.add(await readFile(examplePicture));
	const first = await compare(id);
	const cellsOf = (...decoders: readonly string[]): Cell[] =>
		first.cells.filter(({ decoder }: Cell) => decoders.includes(decoder));

	expect(cellsOf(...living)).toHaveLength(living.length * 2);
	for (const cell of cellsOf(...living)) {
		expect(cell).toMatchObject({
			...{ status: "DONE", error: null },
			decoding: { picture: { width: 64 }, effectivePrompt: cell.source.text, warnings: [] },
			metrics: { psnr: expect.any(Number), ssim: expect.any(Number) },
		});
	}
	// The far server draws with the same model: over the wire, a text means the same picture.
	const picturesOf = (decoder: string) => cellsOf(decoder).map(({ decoding }) => decoding.picture.id);
	expect(picturesOf("far")).toEqual(picturesOf("scenes-a"));

	expect(cellsOf("gone")).toHaveLength(2);
	for (const cell of cellsOf("gone")) {
		expect(cell).toMatchObject({
			...{ status: "FAILED", decoding: null, metrics: null },
			error: { code: "BACKEND_UNAVAILABLE", advice: expect.stringMatching(/Check that it runs/) },
		});
	}

	expect(await compare(id)).toEqual(first);
});
