// Prints the report of Khronos' glTF validator on a file as JSON.
// node validate_gltf.mjs FOLDER FILE: FOLDER is the node_modules that holds gltf-validator.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, file] = process.argv.slice(2);
const validator = createRequire(resolve(folder, "/"))(resolve(folder, "gltf-validator"));
const report = await validator.validateBytes(new Uint8Array(await readFile(file)), {
  maxIssues: 100,
});
console.log(JSON.stringify(report));
