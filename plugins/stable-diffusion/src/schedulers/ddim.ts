/**
 * Denoising diffusion implicit models (Song, Meng, Ermon: arXiv:2010.02502) without added noise (eta 0).
 *
 * @module
 */
import { cumulatedAlphas, roundHalfEven, type Scheduler, type SchedulerConfig, spacedTimesteps } from "./schedule.ts";

/** A DDIM walk of `steps` steps; at most as many as there are training steps. */
export function createDdim(config: SchedulerConfig, steps: number): Scheduler {
	const alphas = cumulatedAlphas(config);
	const timesteps = spacedTimesteps(config, steps).map(roundHalfEven);
	const stride = Math.floor(config.trainSteps / steps);
	const finalAlpha = config.setAlphaToOne ? 1 : (alphas[0] as number);
	const { clipRange } = config;

	return {
		timesteps,
		initialSigma: 1,
		scaleInput: (sample) => sample,
		step(prediction, step, sample) {
			const timestep = timesteps[step] as number;
			const alpha = alphas[timestep] as number;
			const nextAlpha = alphas[timestep - stride] ?? finalAlpha;
			const [signal, noise] = [root(alpha), root(Math.fround(1 - alpha))];
			const [nextSignal, nextNoise] = [root(nextAlpha), root(Math.fround(1 - nextAlpha))];
			return sample.map((value, index) => {
				const predicted = prediction[index] as number;
				// Equation 12: the picture and the noise that the sample is made of, as the model sees them.
				const original =
					config.prediction === "epsilon"
						? Math.fround(Math.fround(value - Math.fround(noise * predicted)) / signal)
						: Math.fround(Math.fround(signal * value) - Math.fround(noise * predicted));
				const epsilon =
					config.prediction === "epsilon"
						? predicted
						: Math.fround(Math.fround(signal * predicted) + Math.fround(noise * value));
				const kept = clipRange === undefined ? original : Math.min(Math.max(original, -clipRange), clipRange);
				return Math.fround(nextSignal * kept) + Math.fround(nextNoise * epsilon);
			});
		},
	};
}

const root = (value: number) => Math.fround(Math.sqrt(value));
