/**
 * The plot of FID against guidance scale, one line for each prompt source; plain guidance has a panel of its own.
 *
 * @module
 */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { sweepSources } from "./prompts.ts";
import type { Results } from "./results.ts";
import { nameOf } from "./words.ts";

/** Okabe and Ito's colours, which people with any colour vision tell apart; De-Diffusion in blues, captions in warm tones. */
const colours = ["#999999", "#D55E00", "#E69F00", "#56B4E9", "#0072B2", "#000000"];
const shapes = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross"];
/** A bar of so many standard errors on each side holds 95%. */
const standardErrors = 1.96;

/** @returns SVG. */
export async function plotGuidance({ transfer, setting }: Results): Promise<string> {
	const { plain } = transfer;
	const rescaled = `guidance rescaled by ${setting.guidanceRescale}`;
	const panels = plain === undefined ? ["plain guidance"] : [rescaled, "plain guidance"];
	const values = [transfer, ...(plain === undefined ? [] : [plain])].flatMap(({ sweep }, panel) =>
		sweep.map(({ source, guidanceScale, fid }) => ({
			panel: panels[panel],
			prompt: nameOf(source, setting.tokens),
			guidanceScale,
			fid: fid.value,
			low: Math.max(fid.value - standardErrors * fid.standardError, fid.value / 10),
			high: fid.value + standardErrors * fid.standardError,
		})),
	);
	const domain = sweepSources(setting.tokens).map((source) => nameOf(source, setting.tokens));
	const scales = transfer.belowTerse.map(({ guidanceScale }) => guidanceScale);
	const spec: TopLevelSpec = {
		background: "white",
		padding: 12,
		data: { values },
		facet: {
			column: { field: "panel", type: "nominal", sort: panels, title: null, header: { labelFontSize: 13 } },
		},
		spec: {
			width: 440,
			height: 360,
			encoding: {
				x: {
					field: "guidanceScale",
					type: "quantitative",
					// Small scales lie close together; a logarithm gives each of them its room.
					scale: { type: "log", domain: [0.95, 8] },
					axis: { values: scales, format: "~g", grid: false, labelOverlap: false },
					title: "guidance scale",
				},
				color: {
					field: "prompt",
					type: "nominal",
					scale: { domain, range: colours },
					legend: { title: "prompt", symbolSize: 80, labelLimit: 0 },
				},
			},
			layer: [
				{ mark: { type: "line", strokeWidth: 2 }, encoding: { y: fid("fid") } },
				{ mark: { type: "rule", strokeWidth: 1 }, encoding: { y: fid("low"), y2: { field: "high" } } },
				{
					mark: { type: "point", filled: true, size: 60, opacity: 1 },
					encoding: {
						y: fid("fid"),
						shape: { field: "prompt", type: "nominal", scale: { domain, range: shapes } },
					},
				},
			],
		},
		config: { font: "sans-serif", axis: { labelFontSize: 12, titleFontSize: 13 }, legend: { labelFontSize: 12 } },
	};
	const view = new View(parse(compile(spec).spec), { renderer: "none" });
	const svg = await view.toSVG();
	view.finalize();
	return `${svg}\n`;
}

/** Logarithmic, so that equal distances are equal shares. */
function fid(field: string) {
	return {
		field,
		type: "quantitative",
		scale: { type: "log", nice: false },
		axis: { format: "~g", tickCount: 6, labelOverlap: true },
		title: "FID of scenes-b (reader features, logarithmic)",
	} as const;
}
