/**
 * From latents to pixels: the autoencoder's decoder and the rounding to bytes.
 *
 * @module
 */
import { DeDiffusionError, type PixelImage } from "dediffusion/plugin";
import type { Graphs } from "./graphs.ts";
import type { ModelFolder } from "./model-folder.ts";
import { floatsOf, inputNamed, tensorFor } from "./tensors.ts";

/**
 * Decodes one picture. One at a time, because the decoder's activations are the largest of the pipeline.
 *
 * @param latents As the U-Net left them, shape [channels, height, width].
 * @param size Latent cells.
 * @throws DeDiffusionError `MODEL_INVALID` if the graph's output is no RGB picture, `INFERENCE_FAILED` if it
 *   holds no numbers, or what running it throws.
 */
export async function latentsToPixels(
	latents: Float32Array,
	size: { readonly width: number; readonly height: number },
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<PixelImage> {
	const { scale, shift, channels } = model.latents;
	const decoder = await graphs.open("vae_decoder");
	const path = graphs.path("vae_decoder");
	const cells = size.width * size.height;
	const scaled = new Float32Array(latents.length);
	for (let index = 0; index < scaled.length; index++) {
		const channel = Math.floor(index / cells);
		scaled[index] = (latents[index] as number) * (scale[channel] as number) + (shift[channel] as number);
	}
	const input = inputNamed(decoder, "latent_sample", path);
	const outputs = await decoder.run(
		{ latent_sample: tensorFor(input, scaled, [1, channels, size.height, size.width]) },
		{ signal },
	);
	const { data, dims } = floatsOf(outputs, "sample", path);
	const [, colours, height, width] = dims;
	if (dims.length !== 4 || colours !== 3 || height === undefined || width === undefined) {
		throw new DeDiffusionError(
			"MODEL_INVALID",
			`The graph ${path} gives [${dims.join(", ")}] instead of an RGB picture`,
			{
				input: path,
			},
		);
	}
	if (Number.isNaN(data[0])) {
		throw new DeDiffusionError("INFERENCE_FAILED", `The graph ${path} gave no numbers.`, {
			retryable: false,
			input: path,
			advice: "Autoencoders with force_upcast do not fit into float16: export that graph as float32.",
		});
	}
	return { kind: "pixels", width, height, data: planesToBytes(data, width * height) };
}

/** Planes of [-1, 1] to interleaved bytes, rounded as numpy rounds: clamped arrays send halves to the even neighbour too. */
function planesToBytes(planes: Float32Array, area: number): Uint8Array {
	const { fround } = Math;
	const bytes = new Uint8ClampedArray(area * 3);
	let place = 0;
	for (let red = 0, green = area, blue = 2 * area; red < area; red++, green++, blue++) {
		bytes[place++] = fround(fround((planes[red] as number) / 2 + 0.5) * 255);
		bytes[place++] = fround(fround((planes[green] as number) / 2 + 0.5) * 255);
		bytes[place++] = fround(fround((planes[blue] as number) / 2 + 0.5) * 255);
	}
	return new Uint8Array(bytes.buffer);
}
