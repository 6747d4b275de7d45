/**
 * The engine: models, pictures and comparisons put together for the doors and the resolvers.
 *
 * @module
 */
import type { Config } from "../plugins/index.ts";
import { Comparisons } from "./comparison/comparisons.ts";
import { type Models, type ModelsConfig, type ModelsOptions, openModels, pictureLimits } from "./models.ts";
import { PictureLibrary } from "./picture/library.ts";
import type { PictureLimits } from "./picture/picture.ts";
import { Store } from "./store/store.ts";

export type EngineConfig = ModelsConfig & Required<Pick<Config, "dataFolder">>;

export interface Engine extends Omit<Models, "close"> {
	readonly pictures: PictureLibrary;
	readonly comparisons: Comparisons;
	readonly limits: PictureLimits;
	/** Takes up comparisons that an earlier stop left unfinished; returns how many. */
	start(): Promise<number>;
	/** Leaves unfinished cells to the next start, then closes models and storage. */
	close(): Promise<void>;
}

const defaultMaxCells = 400;

export interface EngineOptions extends ModelsOptions {
	/** Milliseconds for decoders to give up at the end. Default 5000. */
	readonly graceMs?: number | undefined;
}

/** @throws DeDiffusionError What keeps the models or the data folder from opening. */
export async function createEngine(config: EngineConfig, options: EngineOptions = {}): Promise<Engine> {
	const limits = pictureLimits(config);
	const [models, store] = await bothOrNeither(openModels(config, options), Store.open(config.dataFolder));
	const pictures = new PictureLibrary(store, limits);
	const comparisons = new Comparisons(store, models, pictures, {
		maxCells: config.limits?.comparisonCells ?? defaultMaxCells,
		graceMs: options.graceMs,
		log: options.log ?? (() => undefined),
	});
	return {
		...models,
		pictures,
		comparisons,
		limits,
		start: () => comparisons.resume(),
		async close() {
			await comparisons.close();
			await models.close();
			await store.close();
		},
	};
}

interface Closable {
	close(): Promise<void>;
}

/** Opens two things side by side; if one fails, the other is closed again. */
async function bothOrNeither<First extends Closable, Second extends Closable>(
	first: Promise<First>,
	second: Promise<Second>,
): Promise<[First, Second]> {
	const [one, two] = await Promise.allSettled([first, second]);
	if (one.status === "fulfilled" && two.status === "fulfilled") {
		return [one.value, two.value];
	}
	await Promise.all([one, two].map((opened) => (opened.status === "fulfilled" ? opened.value.close() : undefined)));
	throw one.status === "rejected" ? one.reason : (two as PromiseRejectedResult).reason;
}
