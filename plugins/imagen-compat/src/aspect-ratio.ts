/**
 * Google's models are asked for an aspect ratio where other models are asked for pixels.
 *
 * @module
 */
import type { DecodeRequest, DecodeWarning } from "dediffusion/plugin";

/** Those of Imagen. */
export const imagenRatios = ["1:1", "3:4", "4:3", "9:16", "16:9"] as const;
/** Those of Gemini's picture models. */
export const geminiRatios = [...imagenRatios, "2:3", "3:2", "4:5", "5:4", "21:9"] as const;

/** The ratio that comes closest to the wanted size, and what is to be said about it. */
export function aspectRatioFor(
	{ width, height }: Pick<DecodeRequest, "width" | "height">,
	defaults: { readonly width: number; readonly height: number },
	ratios: readonly string[],
): { ratio: string; warnings: DecodeWarning[] } {
	const wanted = Math.log((width ?? defaults.width) / (height ?? defaults.height));
	const distance = (ratio: string) => Math.abs(Math.log(quotientOf(ratio)) - wanted);
	const ratio = ratios.reduce((best, other) => (distance(other) < distance(best) ? other : best));
	const asked = { width, height };
	const warnings = (["width", "height"] as const)
		.filter((side) => asked[side] !== undefined)
		.map((setting): DecodeWarning => {
			const message = `The model takes no pixels: ${setting} ${asked[setting]} became the aspect ratio ${ratio}.`;
			return { type: "adjusted", setting, message };
		});
	return { ratio, warnings };
}

function quotientOf(ratio: string): number {
	const [width = 1, height = 1] = ratio.split(":").map(Number);
	return width / height;
}
