/**
 * The end.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, type Probe } from "../probe.ts";

/** Milliseconds for things to be gone that were let go. */
const longestFarewell = 2000;

/** Closes the decoder. */
export async function checkClose(probe: Probe): Promise<void> {
	await probe
		.call(async () => probe.decoder.close?.())
		.catch((error: unknown) => {
			probe.find("close", `fails when it is closed: ${messageOf(error)}`);
		});
	const left = await leftBehind(probe);
	if (left.length > 0) {
		probe.find("close", `leaves behind what keeps the process alive: ${left.join(", ")}`);
	}
	const held = (await probe.options.leftovers?.()) ?? 0;
	if (held > 0) {
		probe.find("close", `still holds ${held} of what it should have released`);
	}
}

async function leftBehind({ holdings }: Probe): Promise<string[]> {
	const deadline = performance.now() + longestFarewell;
	while (holdings.left().length > 0 && performance.now() < deadline) {
		await pause(10);
	}
	return holdings.left();
}
