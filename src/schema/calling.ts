/**
 * What all models of plugins have in common in the API: where they run, how hard they are driven, whether they could work.
 *
 * @module
 */
import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";

export const Lane = {
	GPU: "gpu",
	CPU: "cpu",
	NETWORK: "network",
} as const satisfies Record<string, sdk.Lane>;

registerEnumType(Lane, {
	name: "Lane",
	description:
		"Where a model's work happens. Models of plugins in one local lane take turns; those in the network run beside everything.",
	valuesConfig: {
		GPU: { description: "On this machine's GPU." },
		CPU: { description: "On this machine's processor." },
		NETWORK: { description: "At a service somewhere else." },
	},
});

@ObjectType({ description: "How hard the server drives a model: its plugin says so, or the server's configuration." })
export class CallLimits {
	@Field(() => Int, { description: "Calls at the same time. Models of one local lane take turns all the same." })
	readonly concurrency!: number;

	@Field(() => Int, { nullable: true, description: "Calls begun within any minute; null where there is no limit." })
	readonly callsPerMinute?: number;

	@Field(() => Int, {
		nullable: true,
		description: "Milliseconds that one call may take; null where there is no limit.",
	})
	readonly timeoutMs?: number;

	@Field(() => Int, { description: "How often a call that failed for a passing reason is made again." })
	readonly retries!: number;
}

@ObjectType({ description: "Whether a model could do its work now, and what is missing if it could not." })
export class Health {
	@Field(() => Boolean, { description: "Whether it could. Also true of a model that does not say." })
	readonly ready!: boolean;

	@Field(() => String, { nullable: true, description: "Stable code, one of docs/errors.md; null when it is ready." })
	readonly code?: string;

	@Field(() => String, { nullable: true, description: "What is missing, for people; null when it is ready." })
	readonly message?: string;

	@Field(() => String, { nullable: true, description: "What to do about it; null when it is ready." })
	readonly advice?: string;
}
