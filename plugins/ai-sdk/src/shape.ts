/**
 * A picture's size as the model takes it: as pixels, or as a ratio.
 *
 * @module
 */
import type { DecodeRequest, DecodeWarning } from "dediffusion/plugin";
import type { Settings } from "./options.ts";

const commonRatios = ["1:1", "3:4", "4:3", "9:16", "16:9"];

export interface Shape {
	readonly size?: `${number}x${number}`;
	readonly aspectRatio?: `${number}:${number}`;
	/** What became of a width or height that was asked for. */
	readonly warnings: readonly DecodeWarning[];
}

export function shapeFor(settings: Settings, request: Pick<DecodeRequest, "width" | "height">): Shape {
	const wanted = { width: request.width ?? settings.width, height: request.height ?? settings.height };
	switch (settings.shape) {
		case "none":
			return { warnings: [] };
		case "size": {
			const { width, height } = settings.shapes ? nearest(wanted, settings.shapes, distance) : wanted;
			return { size: `${width}x${height}`, warnings: warningsOf(request, { width, height }, `${width}x${height}`) };
		}
		case "aspectRatio": {
			const { width, height } = nearest(wanted, settings.shapes ?? commonRatios, distanceOfRatios);
			return { aspectRatio: `${width}:${height}`, warnings: warningsOf(request, {}, `the ratio ${width}:${height}`) };
		}
	}
}

interface Sides {
	readonly width: number;
	readonly height: number;
}

function nearest(wanted: Sides, shapes: readonly string[], far: (one: Sides, other: Sides) => number): Sides {
	return shapes.map(sidesOf).reduce((best, other) => (far(other, wanted) < far(best, wanted) ? other : best));
}

function sidesOf(shape: string): Sides {
	const [width = 1, height = 1] = shape.split(/[x:]/).map(Number);
	return { width, height };
}

function distance(one: Sides, other: Sides): number {
	return Math.abs(Math.log(one.width / other.width)) + Math.abs(Math.log(one.height / other.height));
}

function distanceOfRatios(one: Sides, other: Sides): number {
	return Math.abs(Math.log(one.width / one.height) - Math.log(other.width / other.height));
}

function warningsOf(asked: Partial<Sides>, drawn: Partial<Sides>, became: string): DecodeWarning[] {
	return (["width", "height"] as const)
		.filter((side) => asked[side] !== undefined && asked[side] !== drawn[side])
		.map((setting) => ({
			type: "adjusted",
			setting,
			message: `The model does not draw every size: ${setting} ${asked[setting]} became ${became}.`,
		}));
}
