/**
 * Pictures: looked up, taken in, and shown.
 *
 * @module
 */
import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import type { Picture as EnginePicture } from "../core/picture/picture.ts";
import { DeDiffusionError } from "../plugins/index.ts";
import { Picture } from "../schema/picture.ts";
import type { Context } from "./context.ts";
import { cost } from "./limits.ts";

@Resolver(() => Picture)
export class PictureResolver {
	@Query(() => Picture, {
		nullable: true,
		description: "A picture that the server keeps; null when it has none with this id.",
	})
	async picture(
		@Arg("id", () => ID, { description: "SHA-256 of the picture's file, in hexadecimal." }) id: string,
		@Ctx() { engine }: Context,
	): Promise<EnginePicture | null> {
		try {
			return await engine.pictures.get(id);
		} catch (error) {
			if (DeDiffusionError.is(error) && error.code === "PICTURE_NOT_FOUND") {
				return null;
			}
			throw error;
		}
	}

	/** A picture that was only passed through is kept once somebody asks how to find it again. */
	@FieldResolver(() => ID)
	async id(@Root() picture: EnginePicture, @Ctx() { engine }: Context): Promise<string> {
		await engine.pictures.keep(picture);
		return picture.id;
	}

	@FieldResolver(() => String)
	async url(@Root() picture: EnginePicture, @Ctx() { engine }: Context): Promise<string> {
		await engine.pictures.keep(picture);
		return `/pictures/${picture.id}`;
	}

	@FieldResolver(() => String, { complexity: cost.file })
	dataUri(@Root() picture: EnginePicture): string {
		return `data:${picture.mediaType};base64,${Buffer.from(picture.bytes).toString("base64")}`;
	}
}
