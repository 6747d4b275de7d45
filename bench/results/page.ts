/**
 * docs/results.md from docs/results.json: the same file always gives the same page.
 *
 * @module
 */
import { barsOf } from "./bars.ts";
import { dediffusion, sweepSources } from "./prompts.ts";
import type { Results, SourceName, SweepResult } from "./results.ts";
import {
	nameOf,
	percent,
	percentWithError,
	percentWithInterval,
	sharesInWords,
	withError,
	withInterval,
} from "./words.ts";

export function pageOf(results: Results): string {
	const sections = [
		opening(results),
		bars(results),
		notes(results),
		decoders(results),
		text(results),
		reconstruction(results),
		transfer(results),
		prefixes(results),
		outside(results),
		conditions(results),
		again(),
	];
	return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function opening({ setting }: Results): string {
	return `# Results

What the bundled models achieve on ${setting.scenes.toLocaleString("en")} held-out scenes, whose compositions were kept out of all training. Everything below was
computed by \`npm run results\` with the runtime and the plugin that the server uses; this page and its plot are made from
[results.json](results.json).

The encoder was trained through \`scenes-a\`. It has never seen \`scenes-b\`, nor that model's tokenizer or text encoder: pictures that
\`scenes-b\` draws from its texts show what the texts are worth to a stranger. \`scenes-reader\`, a classifier that was trained apart from
both, judges all pictures.`;
}

function bars(results: Results): string {
	const rows = barsOf(results).map(({ name, wanted, measured, met, margin }) => [
		name,
		wanted,
		measured,
		[met ? "met" : "**missed**", margin].filter((part) => part !== "").join(", "),
	]);
	return `## The bars

${table(["", "wanted", "measured", ""], rows)}`;
}

function notes(results: Results): string {
	return results.notes.trim() === "" ? "" : `## Why\n\n${results.notes.trim()}`;
}

function decoders({ decoders }: Results): string {
	const rows = decoders.map(({ decoder, everyThing, things, background }) => [
		decoder === "originals" ? "the originals" : `\`${decoder}\``,
		...[everyThing, things, background].map(percentWithInterval),
	]);
	return `## Decoders

What the reader finds in pictures drawn from complete captions. What it finds in the originals is the most that any decoder can reach.

${table(["pictures of", "every thing found", "things found", "background right"], rows)}`;
}

function text({ text, setting }: Results): string {
	const rows = [
		["drawn things that are named", percentWithInterval(text.recall)],
		["named things that are drawn", percentWithInterval(text.precision)],
		["the background's colour is the first colour named", percentWithInterval(text.backgroundFirst)],
		["the background's colour is named", percentWithInterval(text.backgroundNamed)],
		["named colours that the background has", percentWithInterval(text.colourPrecision)],
		[`different texts among the ${setting.scenes.toLocaleString("en")}`, percent(text.differentTexts)],
		["tokens that are whole words", percent(text.wholeWords)],
	];
	const pieces =
		text.pieces.length === 0 ? "" : `\n\nTokens that are no whole words: ${text.pieces.map(code).join(", ")}.`;
	return `## Texts

${setting.tokens} tokens for each picture. A scene shows one of ${setting.knownColours} colours, or two, and some of ${setting.knownThings} things; of a background of two colours, the first counts.

${table(["", "share"], rows)}${pieces}

${table(
	["what a scene shows", "De-Diffusion text"],
	text.examples.map(({ complete, text }) => [complete, text]),
)}`;
}

function reconstruction({ reconstruction, setting }: Results): string {
	const rows = reconstruction.sources.map(({ source, psnr, fid, kid }) => [
		nameOf(source, setting.tokens),
		withInterval(psnr),
		withError(fid),
		`${kid.mean.toPrecision(3)} ± ${kid.deviation.toPrecision(2)}`,
	]);
	return `## Reconstruction

Pictures of \`scenes-a\`, against the originals that the prompts describe.

${table(["prompt", "PSNR, dB", "FID", "KID"], rows)}

Behind KID stands its deviation over subsets of the scenes, as is usual.`;
}

function transfer({ transfer, setting }: Results): string {
	const { plain } = transfer;
	const best = transfer.best.map(({ source, guidanceScale, fid }) => [
		nameOf(source, setting.tokens),
		source === "none" ? "any" : String(guidanceScale),
		withError(fid),
	]);
	return `## Transfer to a decoder that the encoder never saw

FID of \`scenes-b\`, on the first ${setting.sweepScenes.toLocaleString("en")} scenes, by guidance scale. A scale of 1 means no guidance; without text it changes nothing.

![FID of scenes-b against the guidance scale, one line for each prompt source](images/results-guidance.svg)

${sweepTable(transfer, setting.tokens)}${plain === undefined ? "" : `\n\nThe same with plain guidance, without rescaling:\n\n${sweepTable(plain, setting.tokens)}`}

Each prompt source at its best scale of the sweep, on all ${setting.scenes.toLocaleString("en")} scenes:

${table(["prompt", "scale", "FID"], best)}

There, De-Diffusion text is ${percentWithError(transfer.bestBelowTerse)} below terse captions.

The first scenes, drawn by both decoders at guidance scale ${setting.guidanceScale}:

![Originals, their De-Diffusion texts, and pictures that both decoders drew from De-Diffusion text, terse and complete captions](images/results-sheet.png)`;
}

function sweepTable({ sweep, belowTerse }: SweepResult, tokens: number): string {
	const scales = belowTerse.map(({ guidanceScale }) => guidanceScale);
	const cell = (source: SourceName, scale: number) => {
		const point = sweep.find((point) => point.source === source && point.guidanceScale === scale);
		return point === undefined ? "" : withError(point.fid);
	};
	const rows = sweepSources(tokens).map((source) => [
		nameOf(source, tokens),
		...scales.map((scale) => cell(source, scale)),
	]);
	const below = ["De-Diffusion below terse", ...belowTerse.map(({ share }) => percentWithError(share))];
	return table(["prompt", ...scales.map(String)], [...rows, below]);
}

function prefixes({ prefixes, setting }: Results): string {
	const rows = prefixes.map(({ length, things, psnr, fid, belowShorter }) => [
		nameOf(dediffusion(length), setting.tokens),
		percentWithInterval(things),
		withInterval(psnr),
		withError(fid),
		belowShorter === undefined ? "" : percentWithError(belowShorter),
	]);
	return `## Prefixes

Any beginning of a text is a text. Pictures of \`scenes-a\`:

${table(["prompt", "things found", "PSNR, dB", "FID", "FID below the one before"], rows)}`;
}

function outside({ outside }: Results): string {
	return `## Outside of its world

What the encoder says of pictures that are nothing like its scenes, as it is. It has no words but those of its world and no way to say that it
does not know: these texts describe nothing, and no number above holds for such pictures.

![Photographs and line drawings](images/results-outside.png)

${table(
	["picture", "De-Diffusion text"],
	outside.map(({ file, title, text }) => [`${title} (\`${file}\`)`, text]),
)}

[Whose they are](../bench/results/outside/README.md).`;
}

function conditions({ setting }: Results): string {
	const models = Object.entries(setting.models).map(([role, hash]) => [role, code(hash.slice(0, 16))]);
	return `## How it was measured

- Things in a scene: ${sharesInWords(setting.thingCounts)}; backgrounds: ${sharesInWords(setting.backgrounds)}; styles: ${sharesInWords(setting.styles)}.
- Drawing: ${setting.steps} steps of each decoder's scheduler (${setting.scheduler}), guidance scale ${setting.guidanceScale} unless another is named. Scene n has the noise of
  seed ${setting.seed} + n, whatever the prompt.
${guidanceIn(setting)}
- FID and KID are taken in the space of the reader's ${setting.featureWidth} features, over as many pictures as originals. They cannot be compared with those of
  Inception features, nor an FID of the sweep with one of all scenes: fewer pictures come out further apart.
- Behind ± stands the standard error over ${setting.frechetResamples} bootstrap resamples of the scenes. Differences and ratios are taken within each resample, so
  what two sets share cancels out. Brackets hold 95% of ${setting.resamples.toLocaleString("en")} resamples.
- A thing counts as found where the reader gives it more than one half; a background is right where the reader sees its colours and no other.
- The weights, by the first digits of the SHA-256 over each folder's files:

${table(["model", "SHA-256"], models)}`;
}

function guidanceIn({ guidanceRescale }: Results["setting"]): string {
	return guidanceRescale === 0
		? "- Guidance is plain."
		: `- Guided predictions are brought back to the deviation of those with the text, by ${guidanceRescale} of the way (\`guidanceRescale\`,
  [arXiv:2305.08891](https://arxiv.org/abs/2305.08891)), unless plain guidance is named.`;
}

function again(): string {
	return `## To measure again

\`\`\`sh
npm ci
npm run results
\`\`\`

The scenes are drawn first, with the Python package in \`training/\`. That needs [uv](https://docs.astral.sh/uv/) and drawings of emoji: \`--emoji FOLDER\` names a folder
as training/README.md describes, otherwise the font of Debian's \`fonts-noto-color-emoji\` is used, which has the flat style only.
\`--scenes FOLDER\` takes scenes that are drawn already and needs no Python. A run takes hours on two cores; what it has drawn is
kept in \`data/results\`, and the same command goes on from there. \`npm run results -- --help\` lists the options, and \`--page-only\` writes this page
from \`results.json\` without measuring.`;
}

function code(text: string): string {
	return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
