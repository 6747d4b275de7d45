/**
 * Measures what texts are worth to the decoder that the encoder has never seen, by guidance scale.
 *
 * @module
 */
import type { Bench } from "./bench.ts";
import { estimateOf, type Sample, shareBelow } from "./fid.ts";
import type { MeasuredDecoder } from "./models.ts";
import { dediffusion, sweepSources } from "./prompts.ts";
import type { SourceName, SweepPoint, SweepResult, TransferResult } from "./results.ts";

/** The scales of the sweep; 1 means no guidance. */
export const guidanceScales: readonly number[] = [1, 1.5, 2, 3, 5, 7.5];

/** @throws What the models throw. */
export async function measureTransfer(bench: Bench): Promise<TransferResult> {
	const own = dediffusion(bench.tokens);
	const measured = bench.models.decoders["scenes-b"];
	const points = await sweepScales(bench, measured);
	const plain =
		measured.guidanceRescale === 0 ? {} : { plain: sweepResult(await sweepScales(bench, bench.models.plain), own) };
	const best = new Map<SourceName, { readonly point: SweepPoint; readonly sample: Sample }>();
	for (const source of sweepSources(bench.tokens)) {
		const ofSource = points.filter((point) => point.source === source);
		const lowest = ofSource.reduce((a, b) => (b.sample.value < a.sample.value ? b : a));
		// Chosen on the sweep's scenes, reported for all of them.
		const { reading } = await bench.read({ measured, source, guidanceScale: lowest.guidanceScale });
		const sample = bench.gauge(reading.features);
		best.set(source, { sample, point: { source, guidanceScale: lowest.guidanceScale, fid: estimateOf(sample) } });
	}
	const bestOf = (source: SourceName) => (best.get(source) as { readonly sample: Sample }).sample;
	return {
		...sweepResult(points, own),
		...plain,
		best: [...best.values()].map(({ point }) => point),
		bestBelowTerse: shareBelow(bestOf(own), bestOf("terse")),
	};
}

type SweepSample = Omit<SweepPoint, "fid"> & { readonly sample: Sample };

async function sweepScales(bench: Bench, measured: MeasuredDecoder): Promise<SweepSample[]> {
	const points: SweepSample[] = [];
	for (const source of sweepSources(bench.tokens)) {
		for (const guidanceScale of guidanceScales) {
			const drawn = await bench.draw({ measured, source, guidanceScale }, bench.options.sweepCount);
			const { features } = await bench.models.reader.read(drawn);
			points.push({ source, guidanceScale, sample: bench.sweepGauge(features) });
		}
	}
	return points;
}

function sweepResult(points: readonly SweepSample[], own: SourceName): SweepResult {
	const at = (source: SourceName, scale: number) =>
		(points.find((point) => point.source === source && point.guidanceScale === scale) as SweepSample).sample;
	return {
		sweep: points.map(({ source, guidanceScale, sample }) => ({ source, guidanceScale, fid: estimateOf(sample) })),
		belowTerse: guidanceScales.map((guidanceScale) => ({
			guidanceScale,
			share: shareBelow(at(own, guidanceScale), at("terse", guidanceScale)),
		})),
	};
}
