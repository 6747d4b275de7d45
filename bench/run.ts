/**
 * `npm run bench`: what the server costs on top of its models, as ratios that are measured side by side in one run.
 *
 *     npm run bench -- [--encoder FOLDER] [--decoder FOLDER] [--rounds NUMBER] [--only PART]...
 *
 * PART is `one`, `many`, `reconstruction` or `start`; all of them where none is named.
 *
 * A missed budget is printed and is no failure: how fast a machine is today is no property of the code.
 *
 * @module
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBareEncoder } from "./bare.ts";
import { examplePicture, startServer } from "./built.ts";
import { createClient } from "./client.ts";
import { measureMany, measureOne } from "./encoding.ts";
import { chooseModels } from "./models.ts";
import { measureReconstruction } from "./reconstruction.ts";
import { describeMachine, type Finding, lineOf } from "./report.ts";
import { measureStart } from "./start.ts";

const { values } = parseArgs({
	options: {
		encoder: { type: "string" },
		decoder: { type: "string" },
		rounds: { type: "string", default: "200" },
		only: { type: "string", multiple: true, default: [] },
	},
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
	throw new Error(`--rounds is ${values.rounds}; give a whole number from 1.`);
}
const fewerRounds = Math.ceil(rounds / 10);

const parts = ["one", "many", "reconstruction", "start"] as const;
const unknownPart = values.only.find((name) => !parts.some((part) => part === name));
if (unknownPart !== undefined) {
	throw new Error(`--only is ${unknownPart}; choose from ${parts.join(", ")}.`);
}
const isWanted = (part: (typeof parts)[number]) => values.only.length === 0 || values.only.includes(part);

const models = await chooseModels(values);
console.log(`${describeMachine()}\nencoder ${models.encoder.folder}\n`);
const show = (findings: readonly Finding[]) => {
	for (const finding of findings) {
		console.log(lineOf(finding));
	}
};

const dataFolder = await mkdtemp(join(tmpdir(), "dediffusion-bench-"));
const server = await startServer(
	{
		// The CPU for both sides, because the bare session runs there.
		engine: { plugins: models.plugins, encoders: [models.encoder], dataFolder, inference: { providers: ["cpu"] } },
		isBundled: false,
		host: "127.0.0.1",
		port: 0,
		token: undefined,
	},
	{ logLevel: "error" },
);
const client = createClient(server.url);
try {
	const picture = await readFile(examplePicture);
	const bare = await openBareEncoder(models.encoder.folder);
	if (isWanted("one")) {
		show([await measureOne(client, bare, picture, rounds)]);
	}
	if (isWanted("many")) {
		show([await measureMany(client, bare, picture, fewerRounds)]);
	}
	if (isWanted("reconstruction")) {
		const decoder = server.engine.decoders.list()[0]?.id ?? "";
		const stats = () => server.engine.inference.stats();
		show(await measureReconstruction({ client, picture, decoder, stats, rounds: fewerRounds }));
	}
} finally {
	await client.close();
	await server.close();
	await rm(dataFolder, { recursive: true, force: true });
}
if (isWanted("start")) {
	show(await measureStart(models.config));
}
