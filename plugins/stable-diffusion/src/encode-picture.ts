/**
 * From a picture to latents that a walk can start from: the autoencoder's encoder.
 *
 * @module
 */
import { DeDiffusionError, type InferenceSession, type PixelImage } from "dediffusion/plugin";
import type { Graphs } from "./graphs.ts";
import type { ModelFolder } from "./model-folder.ts";
import { floatsOf, inputNamed, tensorFor } from "./tensors.ts";

const { exp, fround } = Math;

/**
 * What the encoder's graph gives: mean and logarithm of the variance of each number of the latents, as exports have it
 * since optimum 1.24, or latents that the graph itself has drawn from those.
 */
const parametersName = "latent_parameters";
const sampleName = "latent_sample";

/** Logarithms of variances are cut to this range, as diffusers' `DiagonalGaussianDistribution` does. */
const leastLogVariance = -30;
const mostLogVariance = 20;

/**
 * Encodes one picture as diffusers' `StableDiffusionImg2ImgPipeline.prepare_latents` does.
 *
 * @param image Width and height are those of the latents times the pixels of a latent cell.
 * @param draw Draws as many normal numbers as the latents have; called once, and only where the graph gives a distribution.
 * @returns Latents as the U-Net takes them, shape [channels, height, width].
 * @throws DeDiffusionError `MODEL_INVALID` if the graph gives no latents of that shape, `INFERENCE_FAILED` if it gives no
 *   numbers, or what running it throws.
 */
export async function encodePicture(
	image: PixelImage,
	draw: () => Float32Array,
	model: ModelFolder,
	graphs: Graphs,
	signal: AbortSignal,
): Promise<Float32Array> {
	const { channels, pixels, scale, shift } = model.latents;
	const encoder = await graphs.open("vae_encoder");
	const path = graphs.path("vae_encoder");
	const input = inputNamed(encoder, "sample", path);
	const sample = tensorFor(input, bytesToPlanes(image), [1, 3, image.height, image.width]);
	const outputs = await encoder.run({ sample }, { signal });

	const name = latentsName(encoder, path);
	const { data, dims } = floatsOf(outputs, name, path);
	const wanted = [1, name === parametersName ? 2 * channels : channels, image.height / pixels, image.width / pixels];
	if (dims.join() !== wanted.join()) {
		throw refusal(path, `gives ${name} of shape [${dims.join(", ")}] instead of [${wanted.join(", ")}]`);
	}
	if (Number.isNaN(data[0])) {
		throw new DeDiffusionError("INFERENCE_FAILED", `The graph ${path} gave no numbers.`, {
			retryable: false,
			input: path,
			advice: "Autoencoders with force_upcast do not fit into float16: export that graph as float32.",
		});
	}
	const cells = (image.height / pixels) * (image.width / pixels);
	return (name === parametersName ? drawLatents(data, draw()) : data).map((value, index) => {
		const channel = Math.floor(index / cells);
		return (value - (shift[channel] as number)) / (scale[channel] as number);
	});
}

/** Which output the encoder has. @throws DeDiffusionError `MODEL_INVALID` if it has neither. */
export function latentsName(session: InferenceSession, path: string): string {
	const names = session.outputs.map((output) => output.name);
	const name = [parametersName, sampleName].find((known) => names.includes(known));
	if (name !== undefined) return name;
	throw refusal(path, `has no output ${parametersName} or ${sampleName}; it has ${names.join(", ")}`);
}

function drawLatents(parameters: Float32Array, noise: Float32Array): Float32Array {
	const half = parameters.length / 2;
	return noise.map((value, index) => {
		const logVariance = Math.min(Math.max(parameters[half + index] as number, leastLogVariance), mostLogVariance);
		const deviation = fround(exp(fround(0.5 * logVariance)));
		return (parameters[index] as number) + fround(deviation * value);
	});
}

/** Interleaved bytes to planes of [-1, 1]. */
function bytesToPlanes({ width, height, data }: PixelImage): Float32Array {
	const area = width * height;
	const planes = new Float32Array(3 * area);
	for (let colour = 0; colour < 3; colour++) {
		for (let pixel = 0; pixel < area; pixel++) {
			const share = fround((data[pixel * 3 + colour] as number) / 255);
			planes[colour * area + pixel] = fround(share * 2) - 1;
		}
	}
	return planes;
}

function refusal(path: string, what: string): DeDiffusionError {
	return new DeDiffusionError("MODEL_INVALID", `The graph ${path} ${what}`, { input: path });
}
