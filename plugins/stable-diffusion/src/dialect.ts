/**
 * Whether a graph takes and gives what its place in the pipeline asks for: exports differ in types and ranks, which are
 * honoured, and sometimes in what they leave out, which cannot be.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession, type TensorType } from "dediffusion/plugin";
import { refuseUnknownInputs } from "./denoise.ts";
import { latentsName } from "./encode-picture.ts";
import type { GraphName, ModelFolder } from "./model-folder.ts";
import { inputNamed } from "./tensors.ts";
import { stateName } from "./texts.ts";

const floats: readonly TensorType[] = ["float32", "float16"];
const integers: readonly TensorType[] = ["int64", "int32"];

/**
 * Checks an open graph without running it.
 *
 * @param path Named in errors.
 * @throws DeDiffusionError `MODEL_INVALID` naming the input or output that is missing, of no use or of an unknown type.
 */
export function requireDialect(name: GraphName, session: InferenceSession, model: ModelFolder, path: string): void {
	const take = (input: string, types: readonly TensorType[]) => {
		requireType(input, inputNamed(session, input, path).type, types, path);
	};
	const give = (output: string) => {
		const found = session.outputs.find((signature) => signature.name === output);
		if (found === undefined) {
			const names = session.outputs.map((signature) => signature.name).join(", ");
			throw refusal(path, `has no output ${output}; it has ${names}`);
		}
		requireType(output, found.type, floats, path);
	};
	switch (name) {
		case "text_encoder":
		case "text_encoder_2":
			take("input_ids", integers);
			give(stateName(session, model, 0, path));
			if (model.isXl && name === model.textEncoders.at(-1)?.graph) give("text_embeds");
			return;
		case "unet": {
			const known = [
				...["sample", "encoder_hidden_states"],
				...(model.isXl ? ["text_embeds", "time_ids"] : []),
				...(model.guidanceNumbers === undefined ? [] : ["timestep_cond"]),
			];
			for (const input of known) take(input, floats);
			take("timestep", [...floats, ...integers]);
			refuseUnknownInputs(session, new Set([...known, "timestep"]), path);
			give("out_sample");
			return;
		}
		case "vae_decoder":
			take("latent_sample", floats);
			give("sample");
			return;
		case "vae_encoder":
			take("sample", floats);
			give(latentsName(session, path));
			return;
	}
}

function requireType(name: string, type: TensorType, types: readonly TensorType[], path: string): void {
	if (!types.includes(type)) throw refusal(path, `has ${name} of type ${type}; supported: ${types.join(", ")}`);
}

function refusal(path: string, what: string): DeDiffusionError {
	return new DeDiffusionError("MODEL_INVALID", `The graph ${path} ${what}`, { input: path });
}
