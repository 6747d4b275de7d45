/**
 * `npm run bench:diffusion`: drawing beside optimum-onnx, what the runtime's options change, and what pictures cost.
 *
 *     npm run bench:diffusion -- [sides] [runtime] [costs] [--model scenes-a|sd15]... [--rounds NUMBER]
 *         [--warm-up NUMBER] [--width SHARE] [--depth LAYERS] [--size PIXELS] [--steps NUMBER] [--guidance NUMBER] [--threads NUMBER]
 *         [--python FILE] [--scratch FOLDER] [--plot FILE]
 *
 * Without a word it measures the sides. What it needs, optimum-onnx's environment and models of Stable Diffusion 1.5's
 * shape, it makes in `training/optimum/.venv` and in the scratch folder. A missed budget is printed and is no failure: how
 * fast a machine is today is no property of the code.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { repository } from "../dist.ts";
import { describeMachine, lineOf } from "../report.ts";
import { measureCosts } from "./costs.ts";
import { optimumPython, shapedModel } from "./optimum.ts";
import { plotCosts } from "./plot.ts";
import { describeVariants, measureVariants } from "./runtime.ts";
import { compareSides, type Measured, startSides } from "./side-by-side.ts";

const parts = ["sides", "runtime", "costs"];
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		model: { type: "string", multiple: true, default: ["scenes-a", "sd15"] },
		rounds: { type: "string", default: "5" },
		"warm-up": { type: "string" },
		width: { type: "string", default: "0.5" },
		depth: { type: "string", default: "2" },
		size: { type: "string", default: "512" },
		steps: { type: "string" },
		guidance: { type: "string" },
		threads: { type: "string", default: String(availableParallelism()) },
		python: { type: "string" },
		scratch: { type: "string", default: join(repository, "data", "bench") },
		plot: { type: "string", default: join(repository, "docs", "images", "diffusion-costs.svg") },
	},
});
const wanted = positionals.length === 0 ? ["sides"] : positionals;
for (const part of wanted) {
	if (!parts.includes(part))
		throw new Error(`There is nothing to measure by the name ${part}; known: ${parts.join(", ")}.`);
}
const whole = (name: "rounds" | "warm-up" | "depth" | "size" | "steps" | "threads", value: string): number => {
	if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} is ${value}; give a whole number from 1.`);
	return Number(value);
};
const rounds = whole("rounds", values.rounds);
const threads = whole("threads", values.threads);
const scratch = resolve(values.scratch);
await mkdir(scratch, { recursive: true });
const python = values.python ?? (await optimumPython());

const models: Measured[] = [];
for (const model of values.model) models.push(await modelOf(model));

console.log(`${describeMachine()}, ${threads} threads for each graph\n`);
for (const model of models) {
	if (wanted.includes("sides")) {
		const sides = await startSides(python, model);
		try {
			const turns = { warmUp: warmUpOf(model), measured: rounds };
			for (const finding of await compareSides(sides, model, turns, scratch)) console.log(lineOf(finding));
		} finally {
			await Promise.all([sides.ours.close(), sides.theirs.close()]);
		}
	}
	if (wanted.includes("runtime")) {
		console.log(describeVariants(model.name, await measureVariants(python, model, rounds, scratch)));
	}
}
const [first] = models;
if (wanted.includes("costs") && first !== undefined) {
	await writeFile(values.plot, await plotCosts(await measureCosts(python, first, rounds)));
	console.log(`What pictures of ${first.name} cost is drawn in ${values.plot}`);
}

/** A small model's picture takes so little that it is a while before a side's code is compiled as a server's in use is. */
function warmUpOf({ drawing }: Measured): number {
	const given = values["warm-up"] ?? (drawing.width > 64 ? "0" : "100");
	return given === "0" ? 0 : whole("warm-up", given);
}

async function modelOf(name: string): Promise<Measured> {
	const drawing = { prompt: "a large red dog on the left, a small blue boat", seed: 7, count: 1 };
	switch (name) {
		case "scenes-a": {
			const steps = whole("steps", values.steps ?? "20");
			const guidanceScale = Number(values.guidance ?? 2);
			const folder = join(repository, "models", "scenes-a");
			return { name, folder, threads, drawing: { ...drawing, steps, guidanceScale, width: 64, height: 64 } };
		}
		case "sd15": {
			const size = whole("size", values.size);
			const shape = { width: Number(values.width), depth: whole("depth", values.depth), size };
			const steps = whole("steps", values.steps ?? "2");
			const folder = await shapedModel(python, scratch, shape);
			const title = `Stable Diffusion 1.5's shape, ${values.width} of its width`;
			return {
				...{ name: title, folder, threads },
				drawing: { ...drawing, steps, guidanceScale: Number(values.guidance ?? 7.5), width: size, height: size },
			};
		}
		default:
			throw new Error(`There is no model ${name}; known: scenes-a, sd15.`);
	}
}
