/**
 * The workflow that ComfyUI begins with, as it exports it for its API.
 *
 * @module
 */

export const textToImage = {
	"3": {
		class_type: "KSampler",
		inputs: {
			seed: 156680208700286,
			steps: 4,
			cfg: 8,
			sampler_name: "euler",
			scheduler: "normal",
			denoise: 1,
			model: ["4", 0],
			positive: ["6", 0],
			negative: ["7", 0],
			latent_image: ["5", 0],
		},
		_meta: { title: "KSampler" },
	},
	"4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "dreams.safetensors" } },
	"5": { class_type: "EmptyLatentImage", inputs: { width: 64, height: 64, batch_size: 1 } },
	"6": { class_type: "CLIPTextEncode", inputs: { text: "beautiful scenery", clip: ["4", 1] } },
	"7": { class_type: "CLIPTextEncode", inputs: { text: "text, watermark", clip: ["4", 1] } },
	"8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
	"9": { class_type: "SaveImage", inputs: { filename_prefix: "ComfyUI", images: ["8", 0] } },
};

/** Where a request's settings go in it. */
export const textToImageInputs = {
	prompt: "6.text",
	negativePrompt: "7.text",
	seed: "3.seed",
	steps: "3.steps",
	guidanceScale: "3.cfg",
	width: "5.width",
	height: "5.height",
	scheduler: "3.sampler_name",
	batchSize: "5.batch_size",
};
