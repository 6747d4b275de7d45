/**
 * An encoder for tests, made with the SDK as anybody's is: it names the colour of the picture's middle.
 *
 * @module
 */
import type { EncodeRequest, EncodeResult, Encoder, EncoderCapabilities, Lane } from "../src/plugins/index.ts";

export interface CaptionerOptions {
	readonly lane?: Lane;
	readonly capabilities?: Partial<EncoderCapabilities>;
	/** Instead of looking. */
	readonly encode?: Encoder["encode"];
	readonly health?: Encoder["health"];
	readonly close?: () => Promise<void>;
}

export function captioner(id: string, options: CaptionerOptions = {}): Encoder {
	const { lane = "network", capabilities, encode, health, close } = options;
	return {
		id,
		name: `Captioner ${id}`,
		lane,
		capabilities: { settings: [], deterministic: true, maxBatch: 4, ...capabilities },
		encode: encode ?? ((requests) => Promise.all(requests.map(caption))),
		...(health && { health }),
		...(close && { close }),
	};
}

/** E.g. `a picture that is mostly red`. */
export async function caption({ picture }: EncodeRequest): Promise<EncodeResult> {
	const { data } = await picture.pixels({ width: 1, height: 1 });
	const names = ["red", "green", "blue"] as const;
	const colour = names.reduce((best, name, channel) =>
		(data[channel] as number) > (data[names.indexOf(best)] as number) ? name : best,
	);
	return { status: "done", text: `a picture that is mostly ${colour}`, warnings: [] };
}
