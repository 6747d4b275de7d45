/**
 * How close a picture comes to its original.
 *
 * @module
 */
import { Field, Float, ID, ObjectType } from "type-graphql";
import type * as sdk from "../plugins/index.ts";
import { CallLimits, Health, Lane } from "./calling.ts";
import { Failure } from "./failure.ts";

@ObjectType({ description: "A metric that a plugin adds to PSNR and SSIM." })
export class Metric {
	@Field(() => ID, { description: "Stable id." })
	readonly id!: string;

	@Field(() => String, { description: "Name for people, short enough for a table." })
	readonly name!: string;

	@Field(() => String, { nullable: true, description: "Unit of its values; null for a plain number." })
	readonly unit?: string;

	@Field(() => Boolean, { description: "Whether a larger value means a closer picture." })
	readonly higherIsBetter!: boolean;

	@Field(() => Lane, { description: "Where its work happens." })
	readonly lane!: sdk.Lane;

	@Field(() => CallLimits, { description: "How hard the server drives it." })
	readonly limits!: CallLimits;

	@Field(() => Health, {
		nullable: true,
		description:
			"Asks it whether it could measure now, which may reach a service; null with an error when asking fails.",
	})
	readonly health?: Health | null;
}

@ObjectType({ description: "Why a metric said nothing." })
export class MetricError extends Failure {}

@ObjectType({ description: "What a metric of a plugin says of a picture and its original." })
export class MetricValue {
	@Field(() => ID, { description: "Id of the metric." })
	readonly metric!: string;

	@Field(() => String, { description: "Name of the metric, for people." })
	readonly name!: string;

	@Field(() => Float, { nullable: true, description: "The value; null where it is not defined or the metric failed." })
	readonly value?: number | null;

	@Field(() => String, { nullable: true, description: "Unit of the value; null for a plain number." })
	readonly unit?: string;

	@Field(() => Boolean, { description: "Whether a larger value means a closer picture." })
	readonly higherIsBetter!: boolean;

	@Field(() => MetricError, { nullable: true, description: "Why the metric failed; null when it did not." })
	readonly error?: MetricError;
}

@ObjectType({ description: "How close a picture comes to its original. Both are compared at the smaller one's size." })
export class Metrics {
	@Field(() => Float, {
		nullable: true,
		description:
			"Peak signal-to-noise ratio in decibels, higher is closer; null for equal pictures, where it is infinite.",
	})
	readonly psnr?: number;

	@Field(() => Float, { nullable: true, description: "Structural similarity, from -1 to 1; 1 for equal pictures." })
	readonly ssim?: number;

	@Field(() => [MetricValue], { description: "What metrics of plugins say; empty without such plugins." })
	readonly further!: readonly MetricValue[];
}
