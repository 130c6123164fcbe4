/** `pnpm tfjs-node`: gives @tensorflow/tfjs-node an addon that works here, and says which TensorFlow it holds and whether that lists a GPU. */
import { parseArgs } from "node:util";
import { buildAddon, checkCompiler } from "./build-addon.ts";
import { type AddonPackage, addonPackage } from "./package-folder.ts";
import { messageOf, Problem } from "./problem.ts";
import { type AddonReport, smokeTest } from "./smoke-test.ts";
import { installStock } from "./stock-addon.ts";
import { findWheel } from "./tensorflow-wheel.ts";

const usage = `pnpm tfjs-node [options]

Gives @tensorflow/tfjs-node its native addon, tries a convolution's gradient on it, and prints TensorFlow's version and whether a GPU is listed.
An addon that works stays as it is. Else, in this order: the package's own download; a build against the TensorFlow of a Python.

  --from <way>        auto (default), stock: the download alone, or wheel: the build alone; both replace an addon that works
  --python <file>     a Python with TensorFlow (default: the one DL_PYTHON names, else python3, python)
  --package <name>    @tensorflow/tfjs-node (default), @tensorflow/tfjs-node-gpu, or the folder of one
  --compiler <file>   default: the one CXX names, else g++
  --check             build nothing, only try what is there
  --help
`;

const ways = ["auto", "stock", "wheel"] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: "string", default: "auto" },
      python: { type: "string" },
      package: { type: "string", default: "@tensorflow/tfjs-node" },
      compiler: { type: "string", default: process.env.CXX || "g++" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const from = ways.find((way) => way === values.from);
  if (from === undefined) throw new Problem(`--from: expected ${ways.join(", ")}, got ${values.from}.`);
  const target = addonPackage(values.package);

  const there = (): AddonReport | string => {
    try {
      return smokeTest(target.addon);
    } catch (error) {
      return messageOf(error);
    }
  };
  const before = from === "auto" || values.check ? there() : "it is to be replaced";
  if (typeof before !== "string") return report(target, before);
  if (values.check) throw new Problem(`${before}. Run pnpm tfjs-node.`);

  const reasons: string[] = [];
  if (from !== "wheel") {
    try {
      console.log(`${target.name} ${target.version}: its own download …`);
      await installStock(target);
      return report(target, smokeTest(target.addon));
    } catch (error) {
      reasons.push(`download: ${messageOf(error)}`);
    }
  }
  if (from !== "stock") {
    try {
      checkCompiler(values.compiler);
      const named = values.python ?? process.env.DL_PYTHON;
      const wheel = findWheel(named ? [named] : ["python3", "python"]);
      console.log(`${target.name} ${target.version}: building against TensorFlow ${wheel.version} of ${wheel.python} …`);
      buildAddon(target, { wheel, compiler: values.compiler });
      return report(target, smokeTest(target.addon));
    } catch (error) {
      reasons.push(`build: ${messageOf(error)}`);
    }
  }
  throw new Problem(`no addon for ${target.name}.\n${reasons.map((reason) => `  ${reason}`).join("\n")}`);
}

function report({ name, version, addon }: AddonPackage, { version: tensorflow, gpu }: AddonReport): void {
  console.log(
    `${name} ${version}: TensorFlow ${tensorflow}, ${gpu ? "a GPU is listed" : "no GPU is listed"}; a convolution's gradient is right.\n${addon}`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`tfjs-node: ${error instanceof Problem ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
