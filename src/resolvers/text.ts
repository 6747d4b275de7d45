/**
 * Encoding: pictures to De-Diffusion text.
 *
 * @module
 */
import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import type { EncoderInfo } from "../core/encoder/encoder.ts";
import type { Picture as EnginePicture } from "../core/picture/picture.ts";
import { type PictureText, prefix } from "../core/text/text.ts";
import { Health } from "../schema/calling.ts";
import { Encoder } from "../schema/encoder.ts";
import { PictureInput } from "../schema/picture.ts";
import { DeDiffusionText } from "../schema/text.ts";
import type { Context } from "./context.ts";
import { healthOf } from "./health.ts";
import { cost } from "./limits.ts";

/** A text together with the picture it was written for. */
export interface EncodedPicture extends PictureText {
	readonly picture: EnginePicture;
}

interface EncodeArguments {
	readonly encoder: string | null | undefined;
	readonly length: number | null | undefined;
	readonly seed?: number | null | undefined;
}

/** What `encode` and `reconstruct` share. */
export async function encodePicture(
	{ engine, signal }: Context,
	input: PictureInput,
	{ encoder, length, seed }: EncodeArguments,
): Promise<EncodedPicture> {
	const { encode } = engine.encoders.get(encoder ?? undefined);
	const picture = await engine.pictures.resolve(input, { input: "picture", signal });
	const text = await encode(picture, { length: length ?? undefined, seed: seed ?? undefined, signal });
	return { ...text, picture };
}

@Resolver(() => DeDiffusionText)
export class TextResolver {
	@Query(() => [Encoder], { description: "The encoders; the first one is used where none is named." })
	encoders(@Ctx() { engine }: Context): readonly EncoderInfo[] {
		return engine.encoders.list();
	}

	@Query(() => DeDiffusionText, {
		complexity: ({ childComplexity }) => cost.encode + childComplexity,
		description: "Turns a picture into text. Several of these in one request run together as one batch.",
	})
	encode(
		@Arg("picture", () => PictureInput, { description: "The picture." }) input: PictureInput,
		@Arg("encoder", () => ID, { nullable: true, description: "Id of the encoder; default: the first one." })
		encoder: string | null | undefined,
		@Arg("length", () => Int, {
			nullable: true,
			description:
				"How many tokens to give, from 1 to the encoder's tokens; of a captioner that tells of no tokens, words. Default: all.",
		})
		length: number | null | undefined,
		@Arg("seed", () => Int, {
			nullable: true,
			description:
				"For an encoder that draws lots among words: start of its random numbers, from 0 to 2,147,483,647. Default 0.",
		})
		seed: number | null | undefined,
		@Ctx() context: Context,
	): Promise<EncodedPicture> {
		return encodePicture(context, input, { encoder, length, seed });
	}

	@FieldResolver(() => DeDiffusionText, {
		description: "The first tokens of this text. Every prefix is a text of its own.",
	})
	prefix(
		@Root() text: EncodedPicture,
		@Arg("length", () => Int, { description: "How many tokens, from 1 to the number of tokens." }) length: number,
	): EncodedPicture {
		return { ...prefix(text, length), picture: text.picture };
	}
}

@Resolver(() => Encoder)
export class EncoderResolver {
	@FieldResolver({ complexity: ({ childComplexity }) => cost.health + childComplexity })
	health(@Root() { id }: EncoderInfo, @Ctx() { engine, signal }: Context): Promise<Health> {
		return healthOf(() => engine.encoders.get(id).health(signal));
	}
}
