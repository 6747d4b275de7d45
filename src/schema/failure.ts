/**
 * Why one part of an answer is missing while the rest stands.
 *
 * @module
 */
import { Field, ObjectType } from "type-graphql";

/** What the types of such errors have in common; like `extensions` of an error that leaves nothing standing. */
@ObjectType()
export abstract class Failure {
	@Field(() => String, { description: "Stable code, one of docs/errors.md." })
	readonly code!: string;

	@Field(() => String, { description: "What happened, for people." })
	readonly message!: string;

	@Field(() => String, {
		nullable: true,
		description: "The argument, field, file or address at fault; null where nothing given is to blame.",
	})
	readonly input?: string;

	@Field(() => String, {
		nullable: true,
		description: "What to do about it; null in what earlier releases stored, whose messages end with it.",
	})
	readonly advice?: string;

	@Field(() => Boolean, {
		nullable: true,
		description: "Whether the same may succeed later; null in what earlier releases stored.",
	})
	readonly retryable?: boolean;
}
