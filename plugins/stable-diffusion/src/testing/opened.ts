/**
 * Folders as decoders in tests; what a file of tests opens or copies is closed and removed when it is through.
 *
 * @module
 */
import { rmSync } from "node:fs";
import type { Decoder, Inference } from "dediffusion/plugin";
import { testHost } from "dediffusion/plugin/testing";
import { afterAll } from "vitest";
import { stableDiffusion } from "../index.ts";
import { createTestInference } from "./inference.ts";

const opened: Decoder[] = [];
const copies: string[] = [];

afterAll(async () => {
	await Promise.all(opened.map((decoder) => decoder.close?.()));
	for (const folder of copies) rmSync(folder, { recursive: true });
});

/** Opens a folder as the plugin does, by the id `tiny`. @param options Further ones of the model. */
export async function open(
	folder: string,
	options: object = {},
	inference: Inference = createTestInference(),
): Promise<Decoder> {
	const plugin = stableDiffusion({ models: [{ id: "tiny", folder, ...options }] });
	const [decoder] = (await plugin.setup(testHost({ inference }))) as [Decoder];
	opened.push(decoder);
	return decoder;
}

/** Has a temporary folder removed in the end. */
export function temporary(folder: string): string {
	copies.push(folder);
	return folder;
}
