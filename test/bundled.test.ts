/**
 * The models that come with the repository, as a first start finds them.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { bundledEncoders, bundledPlugins, exampleCaption, examplePicture } from "../src/bundled.ts";
import { serve } from "./server.ts";

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
		expect(text.text.split(" ")).toEqual(expect.arrayContaining(["blue", "star"]));
		expect(decoding).toEqual({ effectivePrompt: text.text, warnings: [] });
		// A plain grey picture comes to 9 dB.
		expect(metrics.psnr).toBeGreaterThan(11);
	}
	const captioned = await server.ask(
		`{ decode(text: "${exampleCaption}", decoder: "scenes-a") { warnings { message } } }`,
	);
	expect(captioned.data.decode.warnings).toEqual([]);
	await server.close();
});
