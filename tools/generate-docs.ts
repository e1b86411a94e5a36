/**
 * `node tools/generate-docs.ts`: writes the documents, and the schema for editors, that are made from the
 * model's catalogue and tables. With `--check` it writes nothing and fails if one of them is not what it
 * would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationSchema } from "./generate-docs/configuration-schema.ts";
import { errorsPage } from "./generate-docs/errors-page.ts";
import { metricsPage } from "./generate-docs/metrics-page.ts";
import { ordersPage } from "./generate-docs/orders-page.ts";
import { PROJECT_FOLDER } from "./tracked-files.ts";

const PAGES: Readonly<Record<string, () => string>> = {
  "docs/configuration.schema.json": configurationSchema,
  "docs/errors.md": errorsPage,
  "docs/metrics.md": metricsPage,
  "docs/orders.md": ordersPage,
};

const isCheck = process.argv.includes("--check");
for (const [path, render] of Object.entries(PAGES)) {
  const file = join(PROJECT_FOLDER, path);
  const text = render();
  if (readIfThere(file) === text) continue;
  if (isCheck) {
    console.error(`${path} is stale: run node tools/generate-docs.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
