/**
 * The models that are measured: where they are, whether all of them are there, and which weights they hold.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { access, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { stableDiffusion } from "@dediffusion/stable-diffusion";
import type { DeDiffusionEncoder } from "../../src/core/encoder/encoder.ts";
import type { Reader } from "../../src/core/reader/reader.ts";
import type { Config, Decoder } from "../../src/plugins/index.ts";
import { openModels, openReader } from "./built.ts";
import type { ModelRole } from "./results.ts";

export type ModelFolders = Readonly<Record<ModelRole, string>>;

/** A file without which a folder is none of its kind. */
const tellingFile: Readonly<Record<ModelRole, string>> = {
	encoder: "config.json",
	"scenes-a": "model_index.json",
	"scenes-b": "model_index.json",
	reader: "config.json",
};

export interface OpenModels {
	readonly encoder: DeDiffusionEncoder;
	readonly decoders: Readonly<Record<"scenes-a" | "scenes-b", Decoder>>;
	readonly reader: Reader;
	/** SHA-256 over the files of each folder. */
	readonly fingerprints: Readonly<Record<ModelRole, string>>;
	close(): Promise<void>;
}

/** @throws Error naming every folder that is missing; what opening a model throws. */
export async function openMeasuredModels(
	folders: ModelFolders,
	inference: NonNullable<Config["inference"]>,
): Promise<OpenModels> {
	await requireFolders(folders);
	const roles = Object.keys(tellingFile) as ModelRole[];
	const fingerprints = await Promise.all(roles.map((role) => fingerprint(folders[role])));
	const decoder = (id: "scenes-a" | "scenes-b") => ({ id, folder: folders[id] });
	const models = await openModels({
		plugins: [stableDiffusion({ models: [decoder("scenes-a"), decoder("scenes-b")] })],
		encoders: [{ id: "encoder", folder: folders.encoder }],
		inference,
	});
	const reader = await openReader(folders.reader, models.inference);
	return {
		// The folder above is one of De-Diffusion.
		encoder: models.encoders.get() as DeDiffusionEncoder,
		decoders: { "scenes-a": models.decoders.get("scenes-a"), "scenes-b": models.decoders.get("scenes-b") },
		reader,
		fingerprints: Object.fromEntries(roles.map((role, index) => [role, fingerprints[index]])) as Record<
			ModelRole,
			string
		>,
		close: () => models.close(),
	};
}

async function requireFolders(folders: ModelFolders): Promise<void> {
	const missing: string[] = [];
	for (const [role, file] of Object.entries(tellingFile) as [ModelRole, string][]) {
		await access(join(folders[role], file)).catch(() => missing.push(`${role}: ${join(folders[role], file)}`));
	}
	if (missing.length > 0) {
		throw new Error(
			`Models are missing:\n  ${missing.join("\n  ")}\nName other folders with --encoder, --scenes-a, --scenes-b and --reader, or train and export them as training/README.md says.`,
		);
	}
}

/** Over names and contents of all files but the model card, which holds results itself. */
async function fingerprint(folder: string): Promise<string> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries
		.filter((entry) => entry.isFile() && entry.name !== "README.md")
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
	const hash = createHash("sha256");
	for (const file of files) {
		hash
			.update(relative(folder, file))
			.update("\0")
			.update(await readFile(file));
	}
	return hash.digest("hex");
}
