/**
 * The fixtures that training/src/dediffusion_training/fixtures/families.py and optimum.py wrote, typed, and their folders
 * made whole.
 *
 * @module
 */
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { PixelImage } from "dediffusion/plugin";
import { readGolden } from "./golden.ts";
import { fixture } from "./parity.ts";

/** A batch that diffusers or optimum-onnx drew, one picture for each prompt and seed. */
export interface FamilyFixture {
	readonly family: "sd1" | "sd2" | "turbo" | "xl" | "lcm";
	readonly folder: string;
	readonly prompts: readonly string[];
	readonly seeds: readonly number[];
	readonly steps: number;
	readonly guidanceScale: number;
	readonly width: number;
	readonly height: number;
	readonly scheduler?: string;
	readonly negativePrompt?: string;
	readonly guidanceRescale?: number;
	readonly clipSkip?: number;
	readonly pictures: readonly PixelImage[];
}

interface Recorded {
	readonly cases: readonly FamilyFixture[];
	/** SHA-256 of every fixture file, by its path. */
	readonly hashes: Readonly<Record<string, string>>;
}

/** Reads what was drawn by diffusers (`families`) or by optimum-onnx; the cases carry their pictures. */
export function readDrawn(name: "families" | "optimum"): Recorded {
	const { cases, hashes } = readGolden<Recorded>(`${name}.json.gz`);
	const bytes = new Uint8Array(readFileSync(fixture(`${name}.bin`)));
	let start = 0;
	const withPictures = cases.map((request) => {
		const { width, height } = request;
		const pictures = request.seeds.map(() => {
			const data = bytes.slice(start, start + width * height * 3);
			start += data.length;
			return { kind: "pixels" as const, width, height, data };
		});
		return { ...request, pictures };
	});
	return { cases: withPictures, hashes };
}

/** Fixtures' folders with the parts that they share with tiny-epsilon, as one in a temporary place that the caller removes. */
export function wholeFolder(...names: readonly [string, ...string[]]): string {
	const whole = mkdtempSync(join(tmpdir(), `${names[0]}-`));
	for (const name of ["tiny-epsilon", ...names]) cpSync(fixture(name), whole, { recursive: true });
	return whole;
}

/**
 * A folder as optimum-onnx exported it, in a temporary place that the caller removes.
 *
 * @param family `turbo` is sd1 with the scheduler of tiny-turbo.
 */
export function exportedFolder(family: FamilyFixture["family"]): string {
	const folder = mkdtempSync(join(tmpdir(), `optimum-${family}-`));
	for (const layer of [fixture("optimum/sd1"), fixture(family === "turbo" ? "tiny-turbo" : `optimum/${family}`)]) {
		if (existsSync(layer)) cpSync(layer, folder, { recursive: true });
	}
	for (const packed of globSync(join(folder, "**/*.gz"))) {
		writeFileSync(packed.slice(0, -".gz".length), gunzipSync(readFileSync(packed)));
		rmSync(packed);
	}
	return folder;
}
