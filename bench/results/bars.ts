/**
 * The bars that the bundled models are held to, and whether they clear them.
 *
 * @module
 */
import type { Estimate } from "../../src/core/metrics/bootstrap.ts";
import type { DecoderResult, Results, SweepResult } from "./results.ts";
import { percent, percentWithError, percentWithInterval, withInterval } from "./words.ts";

export interface Bar {
	readonly name: string;
	/** E.g. `at least 85%`. */
	readonly wanted: string;
	readonly measured: string;
	readonly met: boolean;
	/** How far from the bar, e.g. `by 3.1 points`. */
	readonly margin: string;
}

export function barsOf(results: Results): Bar[] {
	return [
		...decoderBars(results),
		...textBars(results),
		...reconstructionBars(results),
		...transferBars(results),
		prefixBar(results),
	];
}

function decoderBars({ decoders }: Results): Bar[] {
	const of = (id: string) => decoders.find(({ decoder }) => decoder === id) as DecoderResult;
	const drawn = (id: string, wanted: number) =>
		shareBar(`${id} draws every thing of a complete caption`, of(id).everyThing, wanted);
	const background = (id: string) =>
		shareBar(`${id} draws the background of a complete caption`, of(id).background, 0.97);
	return [drawn("scenes-a", 0.85), drawn("scenes-b", 0.8), background("scenes-a"), background("scenes-b")];
}

function textBars({ text }: Results): Bar[] {
	return [
		shareBar("drawn things that the text names", text.recall, 0.85),
		shareBar("texts that name the background's colour first of all colours", text.backgroundFirst, 0.95),
		{
			name: "tokens that are whole words",
			wanted: "all",
			measured: percent(text.wholeWords),
			met: text.wholeWords === 1,
			margin: text.wholeWords === 1 ? "" : `by ${points(1 - text.wholeWords)}`,
		},
	];
}

function reconstructionBars({ reconstruction }: Results): Bar[] {
	const { psnrAboveTerse, fidBelowTerse, fidOverComplete } = reconstruction;
	const excess = fidOverComplete.value - 1;
	return [
		{
			name: "reconstruction: PSNR above that of terse captions",
			wanted: "clearly: its interval above 0",
			measured: `${withInterval(psnrAboveTerse)} dB`,
			met: psnrAboveTerse.low > 0,
			margin: psnrAboveTerse.low > 0 ? "" : `by ${(-psnrAboveTerse.low).toFixed(2)} dB`,
		},
		{
			name: "reconstruction: FID below that of terse captions",
			wanted: "clearly: two standard errors above 0",
			measured: percentWithError(fidBelowTerse),
			met: certainly(fidBelowTerse) > 0,
			margin: certainly(fidBelowTerse) > 0 ? "" : `by ${points(-certainly(fidBelowTerse))}`,
		},
		{
			name: "reconstruction: FID above that of complete captions",
			wanted: "at most 15%",
			measured: percentWithError({ ...fidOverComplete, value: excess }),
			met: excess <= 0.15,
			margin: marginOf(0.15 - excess, fidOverComplete),
		},
	];
}

function transferBars({ transfer }: Results): Bar[] {
	const { plain, bestBelowTerse: gain } = transfer;
	const everyScale = "transfer: FID below that of terse captions at every guidance scale";
	return [
		sweepBar(everyScale, transfer),
		...(plain === undefined ? [] : [sweepBar(`${everyScale}, with plain guidance`, plain)]),
		{
			name: "transfer: FID below that of terse captions, each at its best scale",
			wanted: "at least 25%",
			measured: percentWithError(gain),
			met: gain.value >= 0.25,
			margin: marginOf(gain.value - 0.25, gain),
		},
	];
}

function sweepBar(name: string, { belowTerse }: SweepResult): Bar {
	return leastBar(
		name,
		belowTerse.map(({ guidanceScale, share }) => ({ place: `scale ${guidanceScale}`, share })),
	);
}

function prefixBar({ prefixes }: Results): Bar {
	return leastBar(
		"prefixes: FID falls with every longer text",
		prefixes.flatMap(({ length, belowShorter }) =>
			belowShorter === undefined ? [] : [{ place: `${length} tokens`, share: belowShorter }],
		),
	);
}

/** Holds to the worst of several shares, each of which is to be above zero. */
function leastBar(name: string, shares: readonly { readonly place: string; readonly share: Estimate }[]): Bar {
	const { place, share } = shares.reduce((a, b) => (b.share.value < a.share.value ? b : a));
	return {
		name,
		wanted: "above 0",
		measured: `least at ${place}: ${percentWithError(share)}`,
		met: share.value > 0,
		margin: marginOf(share.value, share),
	};
}

function shareBar(name: string, estimate: Estimate, wanted: number): Bar {
	return {
		name,
		wanted: `at least ${Math.round(100 * wanted)}%`,
		measured: percentWithInterval(estimate),
		met: estimate.value >= wanted,
		margin: marginOf(estimate.value - wanted, estimate),
	};
}

/** @param distance Above zero where the bar is met. */
function marginOf(distance: number, { standardError }: Estimate): string {
	const doubt = Math.abs(distance) < 2 * standardError ? ", less than two standard errors" : "";
	return `by ${points(Math.abs(distance))}${doubt}`;
}

function points(share: number): string {
	return `${(100 * share).toFixed(1)} points`;
}

/** What is left when two standard errors are taken away. */
function certainly({ value, standardError }: Estimate): number {
	return value - 2 * standardError;
}
