/**
 * A folder of held-out scenes, as `python -m dediffusion_training draw-scenes` writes it.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Picture } from "../../src/core/picture/picture.ts";
import type { PixelImage } from "../../src/plugins/index.ts";
import { readPicture, toPixels } from "./built.ts";

const sceneSchema = z.object({
	file: z.string(),
	things: z.array(z.object({ word: z.string(), size: z.string(), place: z.string() })).min(1),
	/** From top to bottom or left to right. */
	background: z.array(z.string()).min(1),
	backgroundKind: z.string(),
	style: z.string(),
	/** What a person would say. */
	terse: z.string().min(1),
	/** All there is to say. */
	complete: z.string().min(1),
});

const fileSchema = z.object({
	formatVersion: z.literal(1),
	imageSize: z.int().positive(),
	/** Words for all things and all background colours that any scene may show. */
	things: z.array(z.string()),
	colours: z.array(z.string()),
	scenes: z.array(sceneSchema),
});

export type Scene = z.infer<typeof sceneSchema>;

export interface SceneFolder extends Readonly<z.infer<typeof fileSchema>> {
	readonly folder: string;
}

export interface ScenePicture {
	readonly picture: Picture;
	readonly pixels: PixelImage;
}

const limits = { bytes: 2 ** 24, pixels: 2 ** 24 };

/**
 * @param count Scenes that are needed.
 * @throws Error naming what is wrong with the folder.
 */
export async function readScenes(folder: string, count: number): Promise<SceneFolder> {
	const path = join(folder, "scenes.json");
	const checked = fileSchema.safeParse(await readJson(path));
	if (!checked.success) {
		throw new Error(`${path} is not what draw-scenes writes: ${z.prettifyError(checked.error)}`);
	}
	const { scenes } = checked.data;
	if (scenes.length < count) {
		throw new Error(`${path} has ${scenes.length} scenes, but --count is ${count}; draw more, or ask for fewer.`);
	}
	return { ...checked.data, scenes: scenes.slice(0, count), folder };
}

async function readJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, "utf8"));
	} catch (cause) {
		throw new Error(`${path} is missing or no JSON; --scenes names a folder that draw-scenes has written.`, { cause });
	}
}

export async function readScenePicture({ folder }: SceneFolder, { file }: Scene): Promise<ScenePicture> {
	const picture = await readPicture(await readFile(join(folder, file)), limits, file);
	return { picture, pixels: await toPixels(picture) };
}

/** Share of scenes for each value of a property, the most frequent first. */
export function sharesOf(scenes: readonly Scene[], property: (scene: Scene) => string): Record<string, number> {
	const counts = new Map<string, number>();
	for (const scene of scenes) {
		counts.set(property(scene), (counts.get(property(scene)) ?? 0) + 1);
	}
	const sorted = [...counts].sort(([, a], [, b]) => b - a);
	return Object.fromEntries(sorted.map(([value, number]) => [value, number / scenes.length]));
}
