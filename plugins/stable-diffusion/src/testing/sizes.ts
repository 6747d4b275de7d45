/**
 * The fixtures that training/src/dediffusion_training/fixtures/sizes.py wrote, typed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { DecodeRequest, PixelImage } from "dediffusion/plugin";
import { fixture } from "./parity.ts";

/** A request, and what diffusers drew. */
export interface SizeFixture {
	readonly request: DecodeRequest & { readonly width: number; readonly height: number };
	readonly picture: PixelImage;
}

/** Reads what was drawn. */
export function readSizes(): readonly SizeFixture[] {
	const { cases } = JSON.parse(readFileSync(fixture("sizes.json"), "utf8")) as {
		readonly cases: readonly SizeFixture["request"][];
	};
	const bytes = new Uint8Array(readFileSync(fixture("sizes.bin")));
	let start = 0;
	return cases.map((request) => {
		const { width, height } = request;
		const data = bytes.slice(start, start + width * height * 3);
		start += data.length;
		return { request, picture: { kind: "pixels", width, height, data } };
	});
}
