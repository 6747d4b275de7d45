/**
 * The models that come with the repository, as a first start finds them.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { imagen } from "@dediffusion/imagen-compat";
import { expect, test } from "vitest";
import { bundledEncoders, bundledPlugins, exampleCaption, examplePicture } from "../src/bundled.ts";
import { startService } from "../src/plugins/testing/index.ts";
import { serve, until } from "./server.ts";

test("the encoder names what the example picture shows, and both decoders draw its text", async () => {
	const server = await serve({ engine: { plugins: bundledPlugins(), encoders: bundledEncoders() } });
	const { id } = await server.engine.pictures.add(await readFile(examplePicture));
	const decoders = server.engine.decoders.list().map(({ id }) => id);
	expect(decoders).toEqual(["scenes-a", "scenes-b"]);
	for (const decoder of decoders) {
		const { data, errors } = await server.ask(
			`{ reconstruct(picture: { id: "${id}" }, decoder: "${decoder}", settings: { seed: 1, steps: 4 }) {
				text { text }
				decoding { effectivePrompt warnings { message } }
				metrics { psnr }
			} }`,
		);
		expect(errors).toBeUndefined();
		const { text, decoding, metrics } = data.reconstruct;
		expect(text.text.split(" ")).toEqual(expect.arrayContaining(["cyan", "green", "halves", "large", "sun"]));
		expect(decoding).toEqual({ effectivePrompt: text.text, warnings: [] });
		// A plain grey picture comes to 9 dB.
		expect(metrics.psnr).toBeGreaterThan(15);
	}
	const captioned = await server.ask(
		`{ decode(text: "${exampleCaption}", decoder: "scenes-a") { warnings { message } } }`,
	);
	expect(captioned.data.decode.warnings).toEqual([]);
	await server.close();
});

test("a comparison across both decoders, another server and a stopped one has three pictures, one error, and the same numbers again", async () => {
	const far = await serve({ engine: { plugins: bundledPlugins(), encoders: bundledEncoders() } });
	const gone = await startService(() => ({}));
	gone.close();
	const over = { flavour: "dediffusion", model: "scenes-a", width: 64, height: 64 } as const;
	const near = await serve({
		engine: {
			encoders: bundledEncoders(),
			plugins: [
				...bundledPlugins(),
				imagen({ ...over, id: "far", url: `${far.url}/v1` }),
				imagen({ ...over, id: "stopped", url: `${gone.url}/v1` }),
			],
		},
	});
	const { id } = await near.engine.pictures.add(await readFile(examplePicture));
	const compare = async () => {
		const { data } = await near.ask(`mutation { transferPrompt(input: {
			sources: [{ picture: { id: "${id}" } }], seeds: [1], settings: { steps: 4 }
			decoders: ["scenes-a", "scenes-b", "far", "stopped"]
		}) { id } }`);
		const query = `{ comparison(id: "${data.transferPrompt.id}") { status cells {
			decoder status error { code message }
			decoding { seed effectivePrompt picture { id width height } warnings { message } } metrics { psnr ssim }
		} } }`;
		return (await until(near.url, query, ({ comparison }) => comparison.status === "DONE")).data.comparison.cells;
	};
	const [a, b, across, stopped] = await compare();
	for (const drawn of [a, b, across]) {
		expect(drawn).toMatchObject({
			...{ status: "DONE", error: null },
			decoding: { seed: 1, picture: { width: 64, height: 64 }, warnings: [] },
			metrics: { psnr: expect.any(Number), ssim: expect.any(Number) },
		});
	}
	expect(across.decoding).toEqual(a.decoding);
	expect(b.decoding.picture.id).not.toBe(a.decoding.picture.id);
	expect(stopped).toMatchObject({
		...{ decoder: "stopped", status: "FAILED", decoding: null, metrics: null },
		error: { code: "BACKEND_UNAVAILABLE", message: expect.stringContaining(new URL(gone.url).host) },
	});
	expect(await compare()).toEqual([a, b, across, stopped]);
	await near.close();
	await far.close();
});
