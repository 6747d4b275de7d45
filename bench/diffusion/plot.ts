/**
 * The plot of what pictures cost: four panels, one line for each side.
 *
 * @module
 */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Cost, Costs } from "./costs.ts";

/** Two of Okabe and Ito's colours, which people with any colour vision tell apart. */
const colours = ["#0072B2", "#D55E00"];
const shapes = ["circle", "square"];
const panel = { width: 230, height: 170 };

/** @returns SVG. */
export async function plotCosts({ model, firstPicture, byBatch, bySteps, bySize }: Costs): Promise<string> {
	const domain = firstPicture.map(({ side }) => side);
	const color = {
		field: "side",
		type: "nominal",
		scale: { domain, range: colours },
		legend: { title: null, orient: "bottom", labelLimit: 0 },
	} as const;
	const lines = (
		title: string,
		axisTitle: string,
		costs: readonly Cost[],
		measureOf: (cost: Cost) => number,
		secondsOf: (cost: Cost) => number,
	) => {
		const ticks = [...new Set(costs.map(measureOf))];
		const values = costs.map((cost) => ({ side: cost.side, value: measureOf(cost), seconds: secondsOf(cost) }));
		return {
			...panel,
			title,
			data: { values },
			mark: { type: "line", point: { size: 60 } },
			encoding: {
				x: { field: "value", type: "quantitative", axis: { values: ticks, grid: false }, title: axisTitle },
				y: { field: "seconds", type: "quantitative", scale: { zero: true }, title: "seconds" },
				color,
				shape: { field: "side", type: "nominal", scale: { domain, range: shapes }, legend: color.legend },
			},
		} as const;
	};
	const spec: TopLevelSpec = {
		background: "white",
		padding: 12,
		columns: 2,
		concat: [
			{
				...panel,
				title: `First picture of ${model} after start`,
				data: { values: [...firstPicture] },
				mark: { type: "bar" },
				encoding: {
					x: { field: "seconds", type: "quantitative", title: "seconds" },
					y: { field: "side", type: "nominal", title: null, axis: { labelLimit: 0 } },
					color,
				},
			},
			lines(
				"A picture of a batch",
				"pictures at once",
				byBatch,
				({ count }) => count,
				({ seconds, count }) => seconds / count,
			),
			lines(
				"A picture, by steps",
				"steps",
				bySteps,
				({ steps }) => steps,
				({ seconds }) => seconds,
			),
			lines(
				"A picture, by size",
				"pixels along a side",
				bySize,
				({ size }) => size,
				({ seconds }) => seconds,
			),
		],
		config: { font: "sans-serif", axis: { labelFontSize: 11, titleFontSize: 12 }, legend: { labelFontSize: 12 } },
	};
	const view = new View(parse(compile(spec).spec), { renderer: "none" });
	const svg = await view.toSVG();
	view.finalize();
	return `${svg}\n`;
}
