/**
 * The fixtures that training/src/dediffusion_training/fixtures/parity.py wrote, typed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PixelImage } from "dediffusion/plugin";

export interface TokenizerFixture {
	readonly folder: string;
	/** Replaces the folder's own; null when it does not. */
	readonly padToken: string | null;
	readonly cases: readonly { text: string; wanted: number; ids: number[]; decoded: string }[];
}

export interface PictureFixture {
	readonly folder: string;
	readonly scheduler: string;
	readonly prompt: string;
	readonly negativePrompt?: string;
	readonly guidanceScale: number;
	readonly steps: number;
	readonly width: number;
	readonly height: number;
	readonly seed?: number;
	/** The seed of the initial latents, where they are given instead of a seed. */
	readonly latentsSeed?: number;
	readonly pixels: PixelImage;
}

export interface Parity {
	readonly tokenizers: readonly TokenizerFixture[];
	readonly pictures: readonly PictureFixture[];
}

/** The absolute path of a file or folder among the fixtures. */
export function fixture(name: string): string {
	return fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
}

/** Reads the reference values; the pictures carry their pixels. */
export function readParity(): Parity {
	const parity = JSON.parse(readFileSync(fixture("parity.json"), "utf8")) as Parity;
	const bytes = new Uint8Array(readFileSync(fixture("pictures.bin")));
	let start = 0;
	const pictures = parity.pictures.map((picture) => {
		const { width, height } = picture;
		const data = bytes.slice(start, start + width * height * 3);
		start += data.length;
		return { ...picture, pixels: { kind: "pixels" as const, width, height, data } };
	});
	return { ...parity, pictures };
}
