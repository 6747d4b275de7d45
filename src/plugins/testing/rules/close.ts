/**
 * The end.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";
import { type CallProbe, messageOf } from "../call-probe.ts";

/** Milliseconds for things to be gone that were let go. */
const longestFarewell = 2000;

/** Closes what is under test. */
export async function checkClose(probe: CallProbe): Promise<void> {
	await probe
		.call(async () => probe.subject.close?.())
		.catch((error: unknown) => {
			probe.find("close", `fails when it is closed: ${messageOf(error)}`);
		});
	const left = await leftBehind(probe);
	if (left.length > 0) {
		probe.find("close", `leaves behind what keeps the process alive: ${left.join(", ")}`);
	}
	const held = await probe.leftovers();
	if (held > 0) {
		probe.find("close", `still holds ${held} of what it should have released`);
	}
}

async function leftBehind({ holdings }: Pick<CallProbe, "holdings">): Promise<string[]> {
	const deadline = performance.now() + longestFarewell;
	while (holdings.left().length > 0 && performance.now() < deadline) {
		await pause(10);
	}
	return holdings.left();
}
