/**
 * Pictures in the API: how they are named and how they are shown.
 *
 * @module
 */
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { Base64 } from "./scalars.ts";

@ObjectType({ description: "A picture that the server keeps. Its id is the SHA-256 of its file." })
export class Picture {
	@Field(() => ID, { description: "SHA-256 of the file, in hexadecimal." })
	readonly id!: string;

	@Field(() => String, { description: "Where the file is served, relative to the server's address." })
	readonly url!: string;

	@Field(() => Int, { description: "Width in pixels, as seen: after the file's orientation is applied." })
	readonly width!: number;

	@Field(() => Int, { description: "Height in pixels, as seen: after the file's orientation is applied." })
	readonly height!: number;

	@Field(() => String, { description: "Media type of the file, read from its bytes, e.g. image/png." })
	readonly mediaType!: string;

	@Field(() => String, { description: "The whole file as a data: address, ready for an img element." })
	readonly dataUri!: string;
}

@InputType({ description: "Names a picture in one of three ways. Give exactly one field." })
export class PictureInput {
	@Field(() => ID, { nullable: true, description: "Id of a picture that the server keeps already." })
	readonly id?: string | null;

	@Field(() => String, {
		nullable: true,
		description: "Public http or https address that the server fetches the picture from.",
	})
	readonly url?: string | null;

	@Field(() => Base64, { nullable: true, description: "The bytes of a PNG, JPEG, WebP, GIF, AVIF or TIFF file." })
	readonly data?: Uint8Array | null;
}
