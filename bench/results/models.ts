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

/** The decoders that are measured. */
export type DecoderRole = Extract<ModelRole, "scenes-a" | "scenes-b">;

/** A decoder, and what its pictures depend on beside its weights and the requests. */
export interface MeasuredDecoder {
	readonly role: DecoderRole;
	/** How far its guided predictions are brought back to their usual deviation, 0 to 1. */
	readonly guidanceRescale: number;
	readonly decoder: Decoder;
}

export interface OpenModels {
	readonly encoder: DeDiffusionEncoder;
	readonly decoders: Readonly<Record<DecoderRole, MeasuredDecoder>>;
	/** `scenes-b` with plain guidance. */
	readonly plain: MeasuredDecoder;
	readonly reader: Reader;
	/** SHA-256 over the files of each folder. */
	readonly fingerprints: Readonly<Record<ModelRole, string>>;
	close(): Promise<void>;
}

/**
 * @param guidanceRescale Of both decoders.
 * @throws Error naming every folder that is missing; what opening a model throws.
 */
export async function openMeasuredModels(
	folders: ModelFolders,
	guidanceRescale: number,
	inference: NonNullable<Config["inference"]>,
): Promise<OpenModels> {
	await requireFolders(folders);
	const roles = Object.keys(tellingFile) as ModelRole[];
	const fingerprints = await Promise.all(roles.map((role) => fingerprint(folders[role])));
	const plainId = "plain";
	const model = (id: string, role: DecoderRole, rescale: number) => ({
		id,
		folder: folders[role],
		guidanceRescale: rescale,
	});
	const models = await openModels({
		plugins: [
			stableDiffusion({
				models: [
					model("scenes-a", "scenes-a", guidanceRescale),
					model("scenes-b", "scenes-b", guidanceRescale),
					model(plainId, "scenes-b", 0),
				],
			}),
		],
		encoders: [{ id: "encoder", folder: folders.encoder }],
		inference,
	});
	const reader = await openReader(folders.reader, models.inference);
	const decoder = (role: DecoderRole) => ({ role, guidanceRescale, decoder: models.decoders.get(role) });
	return {
		// The folder above is one of De-Diffusion.
		encoder: models.encoders.get() as DeDiffusionEncoder,
		decoders: { "scenes-a": decoder("scenes-a"), "scenes-b": decoder("scenes-b") },
		plain: { role: "scenes-b", guidanceRescale: 0, decoder: models.decoders.get(plainId) },
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
