/**
 * The fixtures that training/src/dediffusion_training/fixtures/families.py wrote, typed, and their folders made whole.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PixelImage } from "dediffusion/plugin";
import { readGolden } from "./golden.ts";
import { fixture } from "./parity.ts";

/** A batch that diffusers drew, one picture for each prompt and seed. */
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

/** Reads what was drawn; the cases carry their pictures. */
export function readFamilies(): Recorded {
	const { cases, hashes } = readGolden<Recorded>("families.json.gz");
	const bytes = new Uint8Array(readFileSync(fixture("families.bin")));
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
