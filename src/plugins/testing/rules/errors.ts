/**
 * Failures that were asked for, and health.
 *
 * @module
 */
import { codeOf, messageOf, Probe } from "../probe.ts";

export async function checkErrors(probe: Probe): Promise<void> {
	for (const { decoder, code } of probe.options.failing ?? []) {
		const failing = new Probe(decoder, probe.options);
		const outcome = await failing.draw([failing.request()]).then(
			() => "draws",
			(error: unknown) => codeOf(error) ?? `fails with ${messageOf(error)}`,
		);
		if (outcome !== code) {
			probe.find("errors", `is made to fail with ${code} (${decoder.id}): ${outcome}`);
		}
	}
}

export async function checkHealth(probe: Probe): Promise<void> {
	const { decoder } = probe;
	if (decoder.health === undefined) {
		return;
	}
	await probe
		.call(async () => decoder.health?.(new AbortController().signal))
		.catch((error: unknown) => {
			probe.find("health", `draws and yet says that it is not healthy: ${messageOf(error)}`);
		});
	await probe
		.call(async () => decoder.health?.(AbortSignal.abort()))
		.catch((error: unknown) => {
			if (codeOf(error) !== "ABORTED") {
				probe.find("health", `fails with ${codeOf(error) ?? messageOf(error)} when it is told to stop`);
			}
		});
}
