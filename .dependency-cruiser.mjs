/**
 * The floors of docs/architecture.md as rules: imports only go down, type imports included.
 *
 * @module
 */

/** From the ground up; each floor may import itself and what stands before it. */
const floors = ["plugins", "core", "schema", "resolvers", "http"];

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const upwardImports = floors.map((floor, height) => ({
	name: `floor-${floor}`,
	comment: `src/${floor} may import ${floors.slice(0, height + 1).join(", ")} and nothing above.`,
	severity: "error",
	from: { path: `^src/${floor}/` },
	to: { path: "^src/", pathNot: `^src/(${floors.slice(0, height + 1).join("|")})/` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
	forbidden: [
		...upwardImports,
		{
			name: "core-speaks-no-protocol",
			comment: "The engine knows no GraphQL and no HTTP server.",
			severity: "error",
			from: { path: "^src/(core|plugins)/" },
			to: { path: "(^|node_modules/)(graphql|type-graphql|graphql-.*|@apollo|fastify|@fastify|@as-integrations)(/|$)" },
		},
		{
			name: "plugins-are-composed-by-the-doors",
			comment: "Only src/bundled.ts knows the plugins of this repository.",
			severity: "error",
			from: { path: "^src/", pathNot: "^src/bundled\\.ts$" },
			to: { path: "^plugins/|(^|node_modules/)@dediffusion/" },
		},
		{
			name: "plugins-use-the-sdk-alone",
			comment:
				"A plugin has no privilege here: of this package it imports dediffusion/plugin, its tests dediffusion/plugin/testing, and nothing else.",
			severity: "error",
			from: { path: "^plugins/" },
			to: {
				path: "^src/|^dist/|(^|node_modules/)dediffusion(/|$)",
				pathNot: "(^|/)dediffusion/plugin(/testing)?$|(^|/)dist/src/plugins/(testing/)?index\\.(js|d\\.ts)$",
			},
		},
		{
			name: "plugins-are-strangers",
			comment: "One plugin never imports another.",
			severity: "error",
			from: { path: "^plugins/([^/]+)/" },
			to: { path: "^plugins/|(^|node_modules/)@dediffusion/", pathNot: "^plugins/$1/" },
		},
		{
			name: "no-cycles",
			comment: "Modules that import each other in a circle cannot be read or loaded one by one.",
			severity: "error",
			from: {},
			to: { circular: true },
		},
	],
	options: {
		parser: "swc",
		tsPreCompilationDeps: true,
		doNotFollow: { path: "node_modules|^dist/" },
		exclude: { path: "(^|/)fixtures/" },
		enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
	},
};
