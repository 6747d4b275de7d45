/**
 * Failures that were asked for, and health.
 *
 * @module
 */
import type { ErrorCode } from "../../error-codes.ts";
import { type CallProbe, codeOf, messageOf } from "../call-probe.ts";
import { Probe } from "../probe.ts";

export async function checkErrors(probe: Probe): Promise<void> {
	for (const { decoder, code } of probe.options.failing ?? []) {
		const failing = new Probe(decoder, probe.options);
		await checkFailure(probe, failing, code, () => failing.draw([failing.request()]));
	}
}

/** Looks whether a call that is made to fail does so with its code. */
export async function checkFailure(
	probe: CallProbe,
	failing: CallProbe,
	code: ErrorCode,
	call: () => Promise<unknown>,
): Promise<void> {
	const outcome = await call().then(
		() => "it succeeds",
		(error: unknown) => codeOf(error) ?? `fails with ${messageOf(error)}`,
	);
	if (outcome !== code) {
		probe.find("errors", `is made to fail with ${code} (${failing.subject.id}): ${outcome}`);
	}
}

export async function checkHealth(probe: CallProbe): Promise<void> {
	const { subject } = probe;
	if (subject.health === undefined) {
		return;
	}
	await probe
		.call(async () => subject.health?.(new AbortController().signal))
		.catch((error: unknown) => {
			probe.find("health", `works and yet says that it is not healthy: ${messageOf(error)}`);
		});
	await probe
		.call(async () => subject.health?.(AbortSignal.abort()))
		.catch((error: unknown) => {
			if (codeOf(error) !== "ABORTED") {
				probe.find("health", `fails with ${codeOf(error) ?? messageOf(error)} when it is told to stop`);
			}
		});
}
