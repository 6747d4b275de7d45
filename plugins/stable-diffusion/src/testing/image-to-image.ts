/**
 * The fixtures that training/src/dediffusion_training/fixtures/image_to_image.py wrote, typed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { PixelImage } from "dediffusion/plugin";
import { fixture } from "./parity.ts";

/** A batch that diffusers drew from one picture, one for each prompt and seed. */
export interface ImageToImageFixture {
	readonly folder: string;
	readonly prompts: readonly string[];
	readonly seeds: readonly number[];
	readonly negativePrompt?: string;
	readonly steps: number;
	readonly guidanceScale: number;
	readonly strength: number;
	readonly scheduler?: string;
	readonly width: number;
	readonly height: number;
	readonly start: PixelImage;
	readonly pictures: readonly PixelImage[];
}

interface Size {
	readonly width: number;
	readonly height: number;
}

/** Reads what was drawn; the cases carry their pictures. */
export function readImageToImage(): readonly ImageToImageFixture[] {
	const { starts, cases } = JSON.parse(readFileSync(fixture("image-to-image.json"), "utf8")) as {
		readonly starts: readonly Size[];
		readonly cases: readonly Omit<ImageToImageFixture, "start" | "pictures">[];
	};
	const bytes = new Uint8Array(readFileSync(fixture("image-to-image.bin")));
	let read = 0;
	const next = ({ width, height }: Size): PixelImage => {
		const data = bytes.slice(read, read + width * height * 3);
		read += data.length;
		return { kind: "pixels", width, height, data };
	};
	const startPictures = starts.map(next);
	return cases.map((request) => ({
		...request,
		start: startPictures.find(
			({ width, height }) => width === request.width && height === request.height,
		) as PixelImage,
		pictures: request.seeds.map(() => next(request)),
	}));
}
