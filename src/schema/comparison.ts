/**
 * Comparisons in the API: prompt sources x decoders x settings = cells.
 *
 * @module
 */
import { DateTimeResolver as DateTime } from "graphql-scalars";
import { Field, Float, ID, ObjectType, registerEnumType } from "type-graphql";
import { Decoding } from "./decoding.ts";
import { EncodeWarning } from "./encoder.ts";
import { Failure } from "./failure.ts";
import { Metrics } from "./metric.ts";
import { Picture } from "./picture.ts";
import { CellSettings } from "./settings.ts";

export const ComparisonStatus = {
	PENDING: "pending",
	RUNNING: "running",
	DONE: "done",
	CANCELLED: "cancelled",
} as const;

registerEnumType(ComparisonStatus, {
	name: "ComparisonStatus",
	description: "How far a comparison is. A failed cell does not fail its comparison.",
	valuesConfig: {
		PENDING: { description: "No cell has started." },
		RUNNING: { description: "Some cells are still to be drawn." },
		DONE: { description: "Every cell is finished, well or not." },
		CANCELLED: { description: "It was cancelled; finished cells are kept." },
	},
});

export const CellStatus = {
	PENDING: "pending",
	RUNNING: "running",
	DONE: "done",
	FILTERED: "filtered",
	FAILED: "failed",
	CANCELLED: "cancelled",
} as const;

registerEnumType(CellStatus, {
	name: "CellStatus",
	description: "How far a cell is.",
	valuesConfig: {
		PENDING: { description: "It waits for its turn." },
		RUNNING: { description: "It is being drawn." },
		DONE: { description: "Its picture is there." },
		FILTERED: { description: "The backend kept its picture back." },
		FAILED: { description: "It ended with an error." },
		CANCELLED: { description: "It was cancelled before it was drawn." },
	},
});

@ObjectType({ description: "Where the text of a cell comes from: a picture that is encoded, or a text as it stands." })
export class PromptSource {
	@Field(() => String, { description: "Name of the source, for people." })
	readonly label!: string;

	@Field(() => String, { nullable: true, description: "The text; null until the picture is encoded." })
	readonly text?: string;

	@Field(() => Picture, { nullable: true, description: "The picture that is encoded; null for a text." })
	readonly picture?: Picture;

	@Field(() => ID, { nullable: true, description: "Id of the encoder that writes the text; null for a text." })
	readonly encoder?: string;

	@Field(() => [EncodeWarning], { description: "What was asked of the encoder and not done; empty for a text." })
	readonly warnings!: readonly EncodeWarning[];

	@Field(() => Picture, {
		nullable: true,
		description: "The picture that results are measured against; null where there is none.",
	})
	readonly original?: Picture;
}

@ObjectType({ description: "Why a cell failed." })
export class CellError extends Failure {}

@ObjectType({ description: "One text drawn by one decoder with one choice of settings." })
export class ComparisonCell {
	@Field(() => ID, { description: "Id of the cell." })
	readonly id!: string;

	@Field(() => PromptSource, { description: "Where the text comes from." })
	readonly source!: PromptSource;

	@Field(() => ID, { description: "Id of the decoder." })
	readonly decoder!: string;

	@Field(() => CellSettings, { description: "The settings it was planned with." })
	readonly settings!: CellSettings;

	@Field(() => CellStatus, { description: "How far it is." })
	readonly status!: (typeof CellStatus)[keyof typeof CellStatus];

	@Field(() => Decoding, {
		nullable: true,
		description: "What the decoder made; null until it is finished or when it failed.",
	})
	readonly decoding?: Decoding;

	@Field(() => Metrics, {
		nullable: true,
		description: "How close the picture comes to the source's original; null without a picture or an original.",
	})
	readonly metrics?: Metrics;

	@Field(() => CellError, { nullable: true, description: "Why it failed; null when it did not." })
	readonly error?: CellError;
}

@ObjectType({
	description: "A stored experiment: every prompt source drawn by every decoder with every choice of settings.",
})
export class Comparison {
	@Field(() => ID, { description: "Id of the comparison." })
	readonly id!: string;

	@Field(() => DateTime, { description: "When it was asked for." })
	readonly createdAt!: Date;

	@Field(() => ComparisonStatus, { description: "How far it is." })
	readonly status!: (typeof ComparisonStatus)[keyof typeof ComparisonStatus];

	@Field(() => Float, { description: "Share of the cells that are finished, from 0 to 1." })
	readonly progress!: number;

	@Field(() => [ComparisonCell], { description: "All cells, ordered by source, decoder, guidance scale and seed." })
	readonly cells!: readonly ComparisonCell[];
}
