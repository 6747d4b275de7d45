/**
 * What the server adds to a reconstruction, and whether it still answers while one runs.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";
import type { InferenceStats } from "../src/core/inference/pool.ts";
import type { Client } from "./client.ts";
import { median, quantile, timed } from "./measure.ts";
import type { Finding } from "./report.ts";

/** Between two questions while a reconstruction runs, in milliseconds. */
const betweenQuestions = 5;

export interface Reconstructing {
	readonly client: Client;
	readonly picture: Uint8Array;
	readonly decoder: string;
	readonly stats: () => InferenceStats;
	readonly rounds: number;
}

export async function measureReconstruction(setting: Reconstructing): Promise<Finding[]> {
	const { client, picture, decoder, stats, rounds } = setting;
	const query = `{
		reconstruct(picture: { id: "${await client.upload(picture)}" }, decoder: "${decoder}", settings: { seed: 1 }) {
			text { text } decoding { picture { dataUri } } metrics { psnr ssim }
		}
	}`;
	// The first one loads the weights; the others see to it that a server in use is measured, and not one that has just started.
	for (let round = 0; round <= rounds; round++) {
		await client.ask(query);
	}

	const totals: number[] = [];
	const shares: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const before = stats().runMs;
		const total = await timed(() => client.ask(query));
		totals.push(total);
		shares.push(100 * (1 - (stats().runMs - before) / total));
	}

	const answers: number[] = [];
	for (let round = 0; round < rounds; round++) {
		let running = true;
		const reconstruction = client.ask(query).finally(() => {
			running = false;
		});
		while (running) {
			await pause(betweenQuestions);
			answers.push(await timed(() => client.ask("{ __typename }")));
		}
		await reconstruction;
	}

	return [
		{
			name: "a reconstruction's time outside of ONNX runs",
			measured: median(shares),
			budget: 5,
			digits: 1,
			unit: "%",
			details: `of ${median(totals).toFixed(0)} ms; medians of ${rounds} rounds`,
		},
		{
			name: "{ __typename } while a reconstruction runs",
			measured: quantile(answers, 0.95),
			budget: 20,
			digits: 1,
			unit: "ms",
			details: `95th percentile of ${answers.length}; median ${median(answers).toFixed(1)} ms, longest ${Math.max(...answers).toFixed(1)} ms`,
		},
	];
}
