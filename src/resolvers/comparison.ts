/**
 * Comparisons: asked for, looked up, listed, cancelled.
 *
 * @module
 */
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Picture as EnginePicture } from "../core/picture/picture.ts";
import type {
	CellRecord,
	CellSettings as CellSettingsRecord,
	ComparisonRecord,
	StoredSource,
} from "../core/store/records.ts";
import { DeDiffusionError, type EncodeWarning } from "../plugins/index.ts";
import { Comparison, ComparisonCell, PromptSource } from "../schema/comparison.ts";
import { ComparisonConnection } from "../schema/connection.ts";
import { Picture } from "../schema/picture.ts";
import { CellSettings, InitialImage } from "../schema/settings.ts";
import { TransferPromptInput } from "../schema/transfer-prompt.ts";
import type { Context } from "./context.ts";
import { cost } from "./limits.ts";
import { given, settingsFrom } from "./settings.ts";

/** A cell as its fields need it: with the source it was drawn from. */
interface Cell extends CellRecord {
	readonly promptSource: StoredSource;
}

const pageSize = 20;

@Resolver(() => Comparison)
export class ComparisonResolver {
	@Query(() => Comparison, {
		nullable: true,
		description: "A stored comparison; null when there is none with this id.",
	})
	async comparison(
		@Arg("id", () => ID, { description: "Id of the comparison." }) id: string,
		@Ctx() { engine }: Context,
	): Promise<ComparisonRecord | null> {
		try {
			return await engine.comparisons.get(id);
		} catch (error) {
			if (DeDiffusionError.is(error) && error.code === "COMPARISON_NOT_FOUND") {
				return null;
			}
			throw error;
		}
	}

	@Query(() => ComparisonConnection, {
		complexity: ({ args, childComplexity }) => Math.max(1, args.first ?? pageSize) * childComplexity,
		description: "All stored comparisons, newest first.",
	})
	async comparisons(
		@Arg("first", () => Int, { nullable: true, description: "How many to give, from 1 to 100; default 20." })
		first: number | null | undefined,
		@Arg("after", () => String, { nullable: true, description: "Gives what follows this cursor." })
		after: string | null | undefined,
		@Ctx() { engine }: Context,
	) {
		const { entries, hasNext, total } = await engine.comparisons.list(first ?? pageSize, after ?? undefined);
		const edges = entries.map(({ cursor, comparison }) => ({ cursor, node: comparison }));
		return {
			edges,
			nodes: edges.map(({ node }) => node),
			pageInfo: {
				hasNextPage: hasNext,
				hasPreviousPage: after !== null && after !== undefined,
				startCursor: edges[0]?.cursor,
				endCursor: edges.at(-1)?.cursor,
			},
			totalCount: total,
		};
	}

	@Mutation(() => Comparison, {
		complexity: ({ childComplexity }) => cost.reconstruct + childComplexity,
		description:
			"Stores a comparison and begins to draw it: each source by each decoder with each guidance scale and seed. Follow it with the query comparison.",
	})
	async transferPrompt(
		@Arg("input", () => TransferPromptInput, { description: "What to compare." }) input: TransferPromptInput,
		@Ctx() context: Context,
	): Promise<ComparisonRecord> {
		const { engine, signal } = context;
		const { sources, decoders, seeds, guidanceScales, settings } = input;
		return engine.comparisons.transfer(
			{
				sources: sources.map((source) => given(source)),
				decoders,
				seeds: seeds ?? undefined,
				guidanceScales: guidanceScales ?? undefined,
				settings: await settingsFrom(context, settings, "input.settings"),
			},
			signal,
		);
	}

	@Mutation(() => Comparison, {
		description: "Stops a comparison; finished cells are kept. One that is over stays as it is.",
	})
	cancelComparison(
		@Arg("id", () => ID, { description: "Id of the comparison." }) id: string,
		@Ctx() { engine }: Context,
	): Promise<ComparisonRecord> {
		return engine.comparisons.cancel(id);
	}

	@FieldResolver()
	progress(@Root() comparison: ComparisonRecord, @Ctx() { engine }: Context): number {
		return engine.comparisons.progress(comparison);
	}

	@FieldResolver({ complexity: ({ childComplexity }) => cost.cells * childComplexity })
	cells(@Root() { cells, sources }: ComparisonRecord): Cell[] {
		return cells.map((cell) => ({ ...cell, promptSource: sources[cell.source] as StoredSource }));
	}
}

@Resolver(() => ComparisonCell)
export class ComparisonCellResolver {
	@FieldResolver()
	source(@Root() { promptSource }: Cell): StoredSource {
		return promptSource;
	}

	@FieldResolver()
	async decoding(@Root() { result, picture, decoder }: Cell, @Ctx() { engine }: Context) {
		return result && { ...result, decoder, picture: picture === undefined ? null : await engine.pictures.get(picture) };
	}
}

@Resolver(() => PromptSource)
export class PromptSourceResolver {
	@FieldResolver(() => Picture)
	picture(@Root() source: StoredSource, @Ctx() { engine }: Context): Promise<EnginePicture> | undefined {
		return source.picture === undefined ? undefined : engine.pictures.get(source.picture);
	}

	@FieldResolver()
	warnings(@Root() { warnings }: StoredSource): readonly EncodeWarning[] {
		return warnings ?? [];
	}

	@FieldResolver(() => Picture)
	original(@Root() source: StoredSource, @Ctx() { engine }: Context): Promise<EnginePicture> | undefined {
		return source.original === undefined ? undefined : engine.pictures.get(source.original);
	}
}

@Resolver(() => CellSettings)
export class CellSettingsResolver {
	@FieldResolver(() => InitialImage)
	async initialImage(@Root() { initialImage }: CellSettingsRecord, @Ctx() { engine }: Context) {
		return initialImage && { ...initialImage, picture: await engine.pictures.get(initialImage.picture) };
	}
}
