/**
 * Decoding and reconstructing: text to pictures.
 *
 * @module
 */
import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import type { Decoding as EngineDecoding } from "../core/decoding/decoders.ts";
import type { DecodeSettings as EngineSettings } from "../core/decoding/settings.ts";
import type { AbortGranularity, Decoder as EngineDecoder } from "../plugins/index.ts";
import { CallLimits, Health } from "../schema/calling.ts";
import { Decoder, DecoderCapabilities } from "../schema/decoder.ts";
import { Decoding } from "../schema/decoding.ts";
import { PictureInput } from "../schema/picture.ts";
import { Reconstruction } from "../schema/reconstruction.ts";
import { DecodeSettings } from "../schema/settings.ts";
import { DeDiffusionText, PromptTokensInput } from "../schema/text.ts";
import type { Context } from "./context.ts";
import { healthOf } from "./health.ts";
import { cost } from "./limits.ts";
import { settingsFrom } from "./settings.ts";
import { type EncodedPicture, encodePicture } from "./text.ts";

const decoderArgument = { description: "Id of the decoder." };
const settingsArgument = {
	nullable: true,
	description: "How to draw; default: the decoder's defaults and a random seed.",
};

/** A text drawn and measured against the picture it was written for. */
async function reconstructText(
	{ engine, signal }: Context,
	text: EncodedPicture,
	decoder: string,
	settings: EngineSettings,
) {
	const options = { settings, signal };
	const drawn = await engine.decodeFor(text.picture, text, decoder, options);
	return { original: text.picture, text, ...drawn };
}

@Resolver()
export class DecodingResolver {
	@Query(() => [Decoder], { description: "The decoders, with what each of them can do." })
	decoders(@Ctx() { engine }: Context): readonly EngineDecoder[] {
		return engine.decoders.list();
	}

	@Query(() => Decoding, {
		complexity: ({ childComplexity }) => cost.decode + childComplexity,
		description: "Draws a picture of any text.",
	})
	async decode(
		@Arg("text", () => String, { description: "The text, De-Diffusion text or your own." }) text: string,
		@Arg("decoder", () => ID, decoderArgument) decoder: string,
		@Arg("settings", () => DecodeSettings, settingsArgument) settings: DecodeSettings | null | undefined,
		@Arg("tokens", () => PromptTokensInput, {
			nullable: true,
			description:
				"The text in the ids that it was made of; a decoder with another tokenizer draws the text, and warns.",
		})
		tokens: PromptTokensInput | null | undefined,
		@Ctx() context: Context,
	): Promise<EngineDecoding> {
		const { engine, signal } = context;
		const options = { tokens: tokens ?? undefined, signal };
		return engine.decoders.decode(text, decoder, await settingsFrom(context, settings), options);
	}

	@Query(() => Reconstruction, {
		complexity: ({ childComplexity }) => cost.reconstruct + childComplexity,
		description: "Turns a picture into text and the text alone into a picture again, and measures how close it comes.",
	})
	async reconstruct(
		@Arg("picture", () => PictureInput, { description: "The picture." }) picture: PictureInput,
		@Arg("decoder", () => ID, decoderArgument) decoder: string,
		@Arg("encoder", () => ID, { nullable: true, description: "Id of the encoder; default: the first one." })
		encoder: string | null | undefined,
		@Arg("length", () => Int, {
			nullable: true,
			description: "How many tokens to use, of a captioner words; default: all.",
		})
		length: number | null | undefined,
		@Arg("settings", () => DecodeSettings, settingsArgument) asked: DecodeSettings | null | undefined,
		@Ctx() context: Context,
	) {
		const settings = await settingsFrom(context, asked);
		// Before the picture is encoded, so that a slip in a setting costs nothing.
		context.engine.decoders.checkSettings(decoder, settings);
		const text = await encodePicture(context, picture, { encoder, length });
		return reconstructText(context, text, decoder, settings);
	}
}

@Resolver(() => DecoderCapabilities)
export class DecoderCapabilitiesResolver {
	@FieldResolver()
	abort(@Root() { abort }: EngineDecoder["capabilities"]): AbortGranularity {
		return abort ?? "step";
	}
}

@Resolver(() => Decoder)
export class DecoderResolver {
	@FieldResolver()
	limits(@Root() { id }: EngineDecoder, @Ctx() { engine }: Context): CallLimits {
		return engine.decoders.limits(id);
	}

	@FieldResolver({ complexity: ({ childComplexity }) => cost.health + childComplexity })
	health(@Root() { id }: EngineDecoder, @Ctx() { engine, signal }: Context): Promise<Health> {
		return healthOf(() => engine.decoders.health(id, signal));
	}
}

@Resolver(() => DeDiffusionText)
export class TextDecodingResolver {
	@FieldResolver(() => Reconstruction, {
		complexity: ({ childComplexity }) => cost.decode + childComplexity,
		description: "Draws this text and measures how close the result comes to the picture it was written for.",
	})
	async reconstruct(
		@Root() text: EncodedPicture,
		@Arg("decoder", () => ID, decoderArgument) decoder: string,
		@Arg("settings", () => DecodeSettings, settingsArgument) settings: DecodeSettings | null | undefined,
		@Ctx() context: Context,
	) {
		return reconstructText(context, text, decoder, await settingsFrom(context, settings));
	}
}
