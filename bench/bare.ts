/**
 * The encoder with nothing around it: picture files decoded, resized, normalised and run in this thread.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { readEncoderFolder } from "./built.ts";

/** Encodes files as one batch. */
export type BareEncoder = (files: readonly Uint8Array[]) => Promise<unknown>;

export async function openBareEncoder(folder: string): Promise<BareEncoder> {
	const { config, model } = await readEncoderFolder(folder);
	const { imageSize: size, mean, std } = config;
	const session = await ort.InferenceSession.create(model, {
		executionProviders: ["cpu"],
		intraOpNumThreads: availableParallelism(),
		interOpNumThreads: 1,
		extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
		logSeverityLevel: 3,
	});
	return async (files) => {
		const pixels = await Promise.all(
			files.map((file) =>
				sharp(file)
					.autoOrient()
					.flatten({ background: "white" })
					.toColourspace("srgb")
					.resize(size, size, { fit: "cover", kernel: "lanczos3" })
					.raw()
					.toBuffer(),
			),
		);
		const area = size * size;
		const values = new Float32Array(files.length * 3 * area);
		pixels.forEach((data, image) => {
			for (let channel = 0; channel < 3; channel++) {
				const scale = 1 / (255 * (std[channel] as number));
				const shift = (mean[channel] as number) / (std[channel] as number);
				const start = (image * 3 + channel) * area;
				for (let pixel = 0; pixel < area; pixel++) {
					values[start + pixel] = (data[pixel * 3 + channel] as number) * scale - shift;
				}
			}
		});
		return session.run({ pixel_values: new ort.Tensor("float32", values, [files.length, 3, size, size]) });
	};
}
