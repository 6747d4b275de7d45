/**
 * Pages of comparisons, in the form of GitHub's API and the Relay specification.
 *
 * @module
 */
import { Field, Int, ObjectType } from "type-graphql";
import { Comparison } from "./comparison.ts";

@ObjectType({ description: "Where a page stands in the whole list." })
export class PageInfo {
	@Field(() => Boolean, { description: "Whether there are entries after this page." })
	readonly hasNextPage!: boolean;

	@Field(() => Boolean, { description: "Whether there are entries before this page." })
	readonly hasPreviousPage!: boolean;

	@Field(() => String, { nullable: true, description: "Cursor of the page's first entry; null for an empty page." })
	readonly startCursor?: string;

	@Field(() => String, {
		nullable: true,
		description: "Cursor of the page's last entry, for the argument after; null for an empty page.",
	})
	readonly endCursor?: string;
}

@ObjectType({ description: "A comparison and its place in the list." })
export class ComparisonEdge {
	@Field(() => String, { description: "Place of the comparison, for the argument after." })
	readonly cursor!: string;

	@Field(() => Comparison, { description: "The comparison." })
	readonly node!: Comparison;
}

@ObjectType({ description: "A page of comparisons, newest first." })
export class ComparisonConnection {
	@Field(() => [ComparisonEdge], { description: "The comparisons of the page with their cursors." })
	readonly edges!: readonly ComparisonEdge[];

	@Field(() => [Comparison], { description: "The comparisons of the page." })
	readonly nodes!: readonly Comparison[];

	@Field(() => PageInfo, { description: "Where the page stands in the whole list." })
	readonly pageInfo!: PageInfo;

	@Field(() => Int, { description: "How many comparisons there are in all." })
	readonly totalCount!: number;
}
