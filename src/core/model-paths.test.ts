import { join, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { DeDiffusionError } from "../plugins/index.ts";
import { ModelPaths } from "./model-paths.ts";

const models = resolve("some", "where (old)");

function open(folders: Record<string, string> = { "scenes-a": join(models, "a") }) {
	const logged: string[] = [];
	const paths = new ModelPaths((message) => logged.push(message));
	for (const [id, folder] of Object.entries(folders)) {
		paths.add(id, folder);
	}
	return { paths, logged };
}

const refusalOf = (path: string, input = path) =>
	new DeDiffusionError("MODEL_INVALID", `There is no file ${path}, or ${path} is torn.`, { input, retryable: true });

describe("an error about a model's file", () => {
	it("names it by the model, and keeps what it said for whoever may know", () => {
		const { paths, logged } = open();
		const error = refusalOf(join(models, "a", "unet", "model.onnx"));
		const file = ["scenes-a", "unet", "model.onnx"].join(sep);
		const shown = paths.error(error);
		expect(shown).toMatchObject({
			code: "MODEL_INVALID",
			message: `There is no file ${file}, or ${file} is torn.`,
			input: file,
			advice: error.advice,
			retryable: true,
			cause: error,
		});
		paths.error(error);
		expect(logged).toEqual([error.message]);
	});

	it("names the folder itself, and the innermost of several", () => {
		const { paths } = open({ outer: models, inner: join(models, "a") });
		expect(paths.error(refusalOf(models))).toMatchObject({ input: "outer" });
		expect(paths.error(refusalOf(join(models, "a", "x")))).toMatchObject({ input: `inner${sep}x` });
	});

	it("does not take a neighbour for the model whose name begins in the same way", () => {
		const { paths } = open();
		const neighbour = join(models, "a-b", "x.onnx");
		expect(paths.error(refusalOf(neighbour))).toMatchObject({ input: `a-b${sep}x.onnx` });
		expect(paths.error(refusalOf(neighbour, "decoder"))).toMatchObject({ input: "decoder" });
	});

	it("of a model that nobody told of is named without the way to it", () => {
		const shown = open({}).paths.error(refusalOf(join(models, "clip", "model.onnx")));
		const file = `clip${sep}model.onnx`;
		expect(shown).toMatchObject({ input: file, message: `There is no file ${file}, or ${file} is torn.` });
	});

	it("is left alone when it names none, or has no code", () => {
		const { paths, logged } = open();
		const plain = new DeDiffusionError("TEXT_EMPTY", "The text is empty.", { input: "text" });
		const defect = new Error(join(models, "a"));
		expect(paths.error(plain)).toBe(plain);
		expect(paths.error(defect)).toBe(defect);
		expect(logged).toEqual([]);
	});
});
