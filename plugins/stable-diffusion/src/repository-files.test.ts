import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { pipelineFiles } from "./index.ts";
import { wholeFolder } from "./testing/families.ts";

const repository = "someone/tiny";

/** A whole pipeline, an empty folder to bring it to, and how that is done. */
function repositoryOf(...names: readonly [string, ...string[]]) {
	const source = wholeFolder(...names);
	const folder = mkdtempSync(join(tmpdir(), "pulled-"));
	for (const made of [source, folder]) onTestFinished(() => rmSync(made, { recursive: true }));
	const files = readdirSync(source, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1));

	/** Asks until nothing more is wanted. @returns What was asked for in each round. */
	async function bring(listed: readonly string[] = files): Promise<string[][]> {
		const rounds: string[][] = [];
		const here = new Set<string>();
		for (;;) {
			const wanted = (await pipelineFiles(repository, listed, folder)).filter((file) => !here.has(file));
			if (wanted.length === 0) return rounds;
			rounds.push(wanted);
			for (const file of wanted) {
				here.add(file);
				mkdirSync(dirname(join(folder, file)), { recursive: true });
				cpSync(join(source, file), join(folder, file));
			}
		}
	}
	return { files, bring, folder };
}

it("wants the index, the small files, the graphs and their weights, in this order", async () => {
	const { bring, files } = repositoryOf("tiny-xl");
	const others = ["README.md", "unet/model.safetensors", "unet/model_fp16.onnx", "vae_encoder/model_fp16.onnx"];
	const rounds = await bring([...files, ...others]);
	expect(rounds[0]).toEqual(["model_index.json"]);
	expect(rounds[1]).toContain("tokenizer_2/merges.txt");
	expect(rounds[2]).toEqual([
		"text_encoder/model.onnx",
		"text_encoder_2/model.onnx",
		"unet/model.onnx",
		"vae_decoder/model.onnx",
	]);
	expect(rounds[3]).toEqual(["text_encoder/model.onnx_data", "text_encoder_2/model.onnx_data", "unet/model.onnx_data"]);
	expect(rounds.flat().sort()).toEqual(files.sort());
});

it("wants the encoder of the autoencoder too, where there is one", async () => {
	const { bring } = repositoryOf("tiny-epsilon", "tiny-image");
	expect((await bring()).at(-1)).toContain("vae_encoder/model.onnx");
});

it("takes weights of any name that a graph gives them", async () => {
	expect((await repositoryOf("tiny-lcm").bring()).at(-1)).toEqual(["unet/weights.pb"]);
});

it.each([
	["no pipeline", /no diffusers pipeline/, (file: string) => file !== "model_index.json"],
	["no ONNX graphs", /without the ONNX graph text_encoder\/model\.onnx/, (file: string) => !file.endsWith(".onnx")],
	["half a tokenizer", /lacks tokenizer\/merges\.txt/, (file: string) => file !== "tokenizer/merges.txt"],
	["no weights", /lacks unet\/weights\.pb/, (file: string) => file !== "unet/weights.pb"],
] as const)("refuses a repository with %s", async (_, message, keeps) => {
	const { bring, files } = repositoryOf("tiny-lcm");
	const bringing = bring(files.filter(keeps));
	await expect(bringing).rejects.toMatchObject({ code: "MODEL_INVALID", input: repository });
	await expect(bringing).rejects.toThrow(message);
});

it("says what to do where there are no ONNX graphs", async () => {
	const { bring, files } = repositoryOf("tiny-epsilon");
	const listed = files.map((file) => file.replace("model.onnx", "model.safetensors"));
	await expect(bring(listed)).rejects.toMatchObject({ advice: expect.stringMatching(/--revision onnx.*export/) });
});
