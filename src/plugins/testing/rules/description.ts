/**
 * What a model says of itself, before it works.
 *
 * @module
 */
import type { SettingName } from "../../decoder.ts";
import type { CallProbe } from "../call-probe.ts";
import type { Probe } from "../probe.ts";

const settingNames: readonly SettingName[] = [
	"seed",
	"steps",
	"guidanceScale",
	"negativePrompt",
	"width",
	"height",
	"scheduler",
	"initialImage",
];

export function checkDescription(probe: CallProbe): void {
	const { id, name, lane } = probe.subject;
	if (!/^[a-z0-9][a-z0-9._/-]*$/.test(id)) {
		probe.find("description", `has the id ${JSON.stringify(id)}, which is not made of a-z, 0-9, '.', '_', '-' and '/'`);
	}
	if (typeof name !== "string" || name.trim() === "") {
		probe.find("description", "has no name for people");
	}
	if (!["gpu", "cpu", "network"].includes(lane)) {
		probe.find("description", `has the lane ${JSON.stringify(lane)}, which is none of gpu, cpu and network`);
	}
}

export function checkCapabilities(probe: Probe): void {
	const { settings, maxBatch, schedulers, size, defaults, maxPromptTokens, tokenizer } = probe.capabilities;
	const find = (message: string) => probe.find("capabilities", message);
	const isCount = (value: number) => Number.isInteger(value) && value > 0;

	const unknown = settings.filter((name) => !settingNames.includes(name));
	if (unknown.length > 0) {
		find(`lists settings that there are not: ${unknown.join(", ")}`);
	}
	if (new Set(settings).size !== settings.length) {
		find("lists a setting twice");
	}
	if (!isCount(maxBatch)) {
		find(`takes batches of ${maxBatch}`);
	}
	if (maxPromptTokens !== undefined && !isCount(maxPromptTokens)) {
		find(`takes ${maxPromptTokens} tokens`);
	}
	if (tokenizer !== undefined && !/^[0-9a-f]{64}$/.test(tokenizer)) {
		find(`names its tokenizer ${JSON.stringify(tokenizer)}, which tokenizerId did not make`);
	}
	if (![size.min, size.max, size.multipleOf].every(isCount) || size.min > size.max) {
		find(`draws sizes from ${size.min} to ${size.max} in steps of ${size.multipleOf}`);
	}
	for (const side of ["width", "height"] as const) {
		const pixels = defaults[side];
		if (!(pixels >= size.min && pixels <= size.max && pixels % size.multipleOf === 0)) {
			find(`has a default ${side} of ${pixels}, which its own size does not allow`);
		}
	}
	if (settings.includes("scheduler") !== schedulers.length > 0) {
		find("lists schedulers without the setting scheduler, or the setting without schedulers");
	}
	if (defaults.scheduler !== undefined && schedulers.length > 0 && !schedulers.includes(defaults.scheduler)) {
		find(`has the default scheduler ${defaults.scheduler}, which it does not list`);
	}
}
