/**
 * `node tools/generate-docs.ts`: writes the documents, the man pages and the schema for editors, that are
 * made from the model's catalogue and tables, and from the program's commands. With `--check` it writes
 * nothing and fails if one of them is not what it would write.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configurationSchema } from "./generate-docs/configuration-schema.ts";
import { errorsPage } from "./generate-docs/errors-page.ts";
import { MAN_FOLDER, manPages } from "./generate-docs/man-pages.ts";
import { metricsPage } from "./generate-docs/metrics-page.ts";
import { ordersPage } from "./generate-docs/orders-page.ts";
import { PROJECT_FOLDER } from "./tracked-files.ts";

const PAGES: Readonly<Record<string, string>> = {
  "docs/configuration.schema.json": configurationSchema(),
  "docs/errors.md": errorsPage(),
  "docs/metrics.md": metricsPage(),
  "docs/orders.md": ordersPage(),
  ...(await manPages()),
};

const isCheck = process.argv.includes("--check");
for (const [path, text] of Object.entries(PAGES)) {
  const file = join(PROJECT_FOLDER, path);
  if (readIfThere(file) === text) continue;
  if (isCheck) {
    console.error(`${path} is stale: run node tools/generate-docs.ts`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
// A command that is gone leaves its page behind.
for (const path of globSync(`${MAN_FOLDER}/*.1`, { cwd: PROJECT_FOLDER })) {
  if (path in PAGES) continue;
  if (isCheck) {
    console.error(`${path} is of no command: run node tools/generate-docs.ts`);
    process.exitCode = 1;
  } else {
    rmSync(join(PROJECT_FOLDER, path));
    console.log(`removed ${path}`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
